"""Questions that the task force of every run solved and no rival ever did, with its answers, to be read by people."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from evals.comparison.document import Example, Reply
from evals.comparison.evidence import Entry, Evidence

_RIVALS = ("experts", "control", "even", "noise", "big")


class _Sample(NamedTuple):
    prompt: str
    target: str
    reply: str
    correct: bool


def only_ours(evidence: Evidence, ours: Entry, most: int) -> list[Example]:
    """Examples, spread over benchmarks, in the order of questions.

    Args:
        evidence: Everything.
        ours: Our entry.
        most: How many at most.
    """
    rivals = [entry for entry in evidence.entries if entry.group in _RIVALS and entry.sizes()]
    found: dict[str, list[str]] = {}
    for name in evidence.benchmarks:
        solved = (ours.chances(max(ours.sizes()), name) == 1.0).all(axis=0) & evidence.keep[name]
        for rival in rivals:
            solved &= (rival.chances(max(rival.sizes()), name) == 0.0).all(axis=0)
        found[name] = [evidence.questions[name][column] for column in np.flatnonzero(solved).tolist()]
    chosen: list[tuple[str, str]] = []
    for place in range(max(map(len, found.values()), default=0)):
        chosen += [(name, ids[place]) for name, ids in found.items() if place < len(ids)]
    return [
        example
        for name in evidence.benchmarks
        for example in _examples(evidence, ours, name, [id for other, id in chosen[:most] if other == name])
    ]


def _examples(evidence: Evidence, ours: Entry, benchmark: str, questions: list[str]) -> list[Example]:
    run = evidence.runs[ours.variant][0]
    path = evidence.results / ours.variant / f"seed-{run.seed}" / benchmark / "samples.jsonl"
    if not questions or not path.is_file():
        return []
    picks = ours.picks[0][max(ours.sizes())]
    members = [pick.models[0] for pick in picks]
    samples = _samples(path, set(members), set(questions))
    return [
        Example(
            benchmark=benchmark,
            question=question,
            prompt=samples[question, members[0]].prompt,
            target=samples[question, members[0]].target,
            seed=run.seed,
            replies=[
                Reply(
                    model=member,
                    text=samples[question, member].reply,
                    correct=samples[question, member].correct,
                )
                for member in members
            ],
        )
        for question in questions
    ]


def _samples(path: Path, models: set[str], questions: set[str]) -> dict[tuple[str, str], _Sample]:
    found = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["model"] in models and row["question_id"] in questions:
                found[row["question_id"], row["model"]] = _Sample(
                    row["arguments"][0][0], str(row["target"]), row["resps"][0][0], bool(row["correct"])
                )
    return found
