"""Multiple-choice records as open questions: the question without its options, and the right option's text as the answer.

Source: method, section 6. That a question still makes sense is another matter: :mod:`evals.benchmarks.judge.needs_options`.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from acdc.errors import InputError

Row = dict[str, Any]
_OPTIONS = re.compile(r"\n\s*Options:\s*\n")
_LETTERED = re.compile(r"^\s*\(([A-Z])\)\s*(.*?)\s*$", re.MULTILINE)
_BULLETED = re.compile(r"^\s*-\s*(.*?)\s*$", re.MULTILINE)


class OpenForm(NamedTuple):
    """A question to be asked without its options.

    Attributes:
        question: What is asked, nothing of the options in it.
        options: What was left out; empty where the benchmark asks openly itself.
        answer: The right one, in words.
    """

    question: str
    options: tuple[str, ...]
    answer: str


def mmlu(row: Row) -> OpenForm:
    """A record of MMLU: `question`, `choices`, `answer` (a position from 0)."""
    return _chosen(row, row["choices"], row["answer"])


def mmlu_pro(row: Row) -> OpenForm:
    """A record of MMLU-Pro: `question`, `options`, `answer` (a letter)."""
    letter = row["answer"]
    return _chosen(row, row["options"], "ABCDEFGHIJ".find(letter) if _is_letter(letter) else None)


def gpqa(row: Row) -> OpenForm:
    """A record of GPQA: `Question`, `Correct Answer`, `Incorrect Answer 1` to `3`."""
    right = str(row["Correct Answer"]).strip()
    wrong = [str(row[f"Incorrect Answer {number}"]).strip() for number in (1, 2, 3)]
    return OpenForm(str(row["Question"]).strip(), (right, *wrong), right)


def bbh(row: Row) -> OpenForm:
    """A record of BIG-Bench Hard: `input`, with its options at the end if it has any, and `target`.

    Raises:
        InputError: The target is a letter that none of the options has.
    """
    text, target = str(row["input"]).strip(), str(row["target"]).strip()
    asked, *rest = _OPTIONS.split(f"\n{text}" if text.startswith("Options:") else text, maxsplit=1)
    if not rest and len(_LETTERED.findall(text)) > 1:  # the options are all there is
        asked, rest = _LETTERED.sub("", text), [text]
    if not rest:
        return OpenForm(asked.strip(), (), target)
    lettered = dict(_LETTERED.findall(rest[0]))
    if not lettered:
        return OpenForm(asked.strip(), tuple(_BULLETED.findall(rest[0])), target)
    letter = target.strip("()")
    if letter not in lettered:
        raise InputError(f"record {row.get('id', '?')}: its target {target!r} is none of its options")
    return OpenForm(asked.strip(), tuple(lettered.values()), lettered[letter])


def _is_letter(answer: Any) -> bool:
    return isinstance(answer, str) and len(answer) == 1


def _chosen(row: Row, options: Sequence[Any], place: Any) -> OpenForm:
    if type(place) is not int or not 0 <= place < len(options):
        raise InputError(
            f"record {row.get('id', '?')}: its answer {row['answer']!r} is none of its {len(options)} options"
        )
    texts = tuple(str(option).strip() for option in options)
    return OpenForm(str(row["question"]).strip(), texts, texts[place])
