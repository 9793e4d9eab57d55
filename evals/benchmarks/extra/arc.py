"""ARC's records: AI2's own JSON lines (the question holds stem and choices), or the columns that hubs make of them."""

from typing import Any

from acdc.errors import InputError

Row = dict[str, Any]


def record(row: Row) -> Row:
    """A record with `question`, `choices` (`text` and `label`) and `answerKey`, as lm-eval's task reads it.

    Raises:
        InputError: It has no choices.
    """
    if isinstance(row["question"], str) and isinstance(row.get("choices"), dict):
        return row
    try:
        choices = row["question"]["choices"]
        texts = {
            "text": [str(one["text"]) for one in choices],
            "label": [str(one["label"]) for one in choices],
        }
        return {
            "id": row["id"],
            "question": row["question"]["stem"],
            "choices": texts,
            "answerKey": row["answerKey"],
        }
    except (KeyError, TypeError) as error:
        raise InputError(
            f"record {row['id']}: a question of ARC without stem or choices ({error})"
        ) from error
