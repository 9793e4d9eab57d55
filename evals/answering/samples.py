"""What models answered, in words, read back from results: for selectors of one answer, and for audits.

`correctness.json` says what is right; the words are in `samples.jsonl` beside it. Only the rows that are asked for are kept.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from acdc.errors import InputError
from evals.answering.benchmark_run import WITHHELD
from evals.correctness import Answerer

Made = TypeVar("Made")


class Given(NamedTuple):
    """One answer.

    Attributes:
        answer: As it was extracted.
        reply: As it was written; None where it is not asked for, or the benchmark's text is withheld from results.
        token_logprobs: Log-probabilities of its tokens, or their mean alone, which is what results keep; nothing for a reply without
            tokens; None where the record has none: its engine gives none, or they have no finite mean.
        certainties: Self-certainty of its tokens, likewise.
    """

    answer: str
    reply: str | None
    token_logprobs: tuple[float, ...] | None = None
    certainties: tuple[float, ...] | None = None


def read_answers(
    path: Path, wanted: Collection[Answerer], *, words: bool = True
) -> dict[Answerer, dict[str, Given]]:
    """Answers by answerer and question id.

    Args:
        path: A `samples.jsonl`.
        wanted: Whose answers.
        words: Whether whole replies are wanted as well; else they are None.

    Raises:
        InputError: The file is missing or no file of samples, or answers of a model are not in it.
    """
    found: dict[Answerer, dict[str, Given]] = {who: {} for who in wanted}

    def take(sample: dict[str, Any]) -> None:
        who = Answerer(sample["model"], sample["weights_hash"], float(sample["temperature"]), sample["draw"])
        if who in found:
            found[who][sample["question_id"]] = _given(sample, words)

    for _ in each_sample(path, take):
        pass
    for who, answers in found.items():
        if not answers:
            raise InputError(f"{path}: no answers of {who.model}, draw {who.draw}; evaluate again")
    return found


def each_sample(path: Path, made: Callable[[dict[str, Any]], Made]) -> Iterator[Made]:
    """What a function makes of each record of a file of samples, in order.

    Args:
        path: A `samples.jsonl`.
        made: May stumble over a record that lacks something.

    Raises:
        InputError: The file is missing, or a line is no sample; the line is named.
    """
    try:
        lines = path.open(encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); run `acdc evaluate` and `acdc baselines`"
        ) from None
    with lines:
        for number, line in enumerate(lines, 1):
            try:
                one = made(json.loads(line))
            except (ValueError, LookupError, TypeError, RecursionError) as error:
                raise InputError(
                    f"{path}, line {number}: no sample of an evaluation ({error!r}); evaluate again"
                ) from None
            yield one


def extracted(filtered: Any) -> str:
    """The answer that a filter left; of a multiple-choice task the number of the likeliest option."""
    if not isinstance(filtered, list) or not filtered:
        return ""
    if len(filtered) > 1 and all(isinstance(part, list) and len(part) == 2 for part in filtered):
        return str(max(range(len(filtered)), key=lambda place: float(filtered[place][0])))
    first = filtered[0]
    while isinstance(first, list) and first:
        first = first[0]
    return str(first) if not isinstance(first, list) else ""


def counted(sample: Mapping[str, Any]) -> bool:
    """Whether a sample's tokens were counted; an endpoint may not count, and then they stand as 0.

    A prompt has tokens, and a reply that says something has, too.
    """
    silent = sample["resps"][0][0] in ("", WITHHELD)
    return sample["prompt_tokens"] > 0 and (silent or sample["tokens"] > 0)


def _given(sample: dict[str, Any], words: bool) -> Given:
    reply = sample["resps"][0][0]
    return Given(
        extracted(sample["filtered_resps"]),
        str(reply) if words and reply != WITHHELD else None,
        _numbers(sample, "token_logprobs", "mean_logprob"),
        _numbers(sample, "certainties", "self_certainty"),
    )


def _numbers(sample: dict[str, Any], each: str, mean: str) -> tuple[float, ...] | None:
    if sample.get(each) is not None:
        return tuple(map(float, sample[each]))
    if sample.get(mean) is not None:
        return (float(sample[mean]),)
    return () if mean in sample and counted(sample) and sample["tokens"] == 0 else None
