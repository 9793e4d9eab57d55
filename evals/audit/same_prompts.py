"""Proof that all methods were asked the same: for each question one hash of the prompt, over the samples of all models.

An endpoint gets turns and applies its own chat template, so its prompts have other bytes: there the words of every turn must occur, word for
word, in the prompt that the others read. Of a benchmark whose text is withheld that cannot be seen, and it is said.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acdc.errors import InputError
from evals.answering.benchmark_run import WITHHELD as WITHHELD
from evals.answering.samples import extracted
from evals.best_of_n.equivalence import normal_form


@dataclass
class Proof:
    """What was compared.

    Attributes:
        samples: Records read.
        answerers: Different (model, temperature, draw) among them.
        questions: For each benchmark the questions with one and the same prompt.
        by_words: Records of endpoints whose turns were found in the others' prompts.
        unseen: Benchmarks of which an endpoint's turns could not be compared, since their text is withheld.
        judged: For each judged benchmark the counts of :func:`agreement`.
    """

    samples: int = 0
    answerers: int = 0
    questions: dict[str, int] = field(default_factory=dict)
    by_words: int = 0
    unseen: list[str] = field(default_factory=list)
    judged: dict[str, dict[str, int]] = field(default_factory=dict)


def same_prompts(
    places: Mapping[str, Sequence[Path]], benchmarks: Sequence[str], endpoints: Sequence[str] = ()
) -> Proof:
    """Read all samples of a family and compare their prompts.

    Args:
        places: For each method its folders, with one folder a benchmark.
        benchmarks: Names.
        endpoints: Models behind endpoints.

    Raises:
        InputError: A prompt differs: the message names method and question; or samples are missing.
    """
    proof = Proof()
    who: set[tuple[str, str, float, int]] = set()
    for benchmark in benchmarks:
        known: dict[str, tuple[str, str, str]] = {}  # question: hash, prompt, method
        later: list[tuple[str, dict[str, Any]]] = []
        for method, folders in places.items():
            for folder in folders:
                for sample in _samples(folder / benchmark / "samples.jsonl"):
                    proof.samples += 1
                    who.add((method, sample["model"], sample["temperature"], sample["draw"]))
                    _count(proof, benchmark, sample)
                    if sample["model"] in endpoints:
                        later.append((method, sample))
                        continue
                    _same(known, benchmark, method, sample)
        for method, sample in later:
            _same_words(proof, known, benchmark, method, sample)
        proof.questions[benchmark] = len(known)
    proof.answerers = len(who)
    return proof


def agreement(sample: Mapping[str, Any]) -> str:
    """How judge and exact match judge one answer: both, judge, exact, neither; empty where one of them is not there."""
    verdict, target = sample.get("judge_pass"), str(sample.get("target", ""))
    answer = extracted(sample["filtered_resps"])
    if verdict is None or not target or WITHHELD in (answer, target):
        return ""
    last = answer.strip().rpartition("\n")[2]  # where the judge forms ask for the final answer
    exact = normal_form(target) in (normal_form(last), normal_form(last.rpartition(":")[2]))
    return {(True, True): "both", (True, False): "judge", (False, True): "exact", (False, False): "neither"}[
        verdict >= 0.5, exact
    ]


def _samples(path: Path) -> Any:
    try:
        with path.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); run `acdc evaluate` and `acdc baselines`"
        ) from None
    except ValueError as error:
        raise InputError(f"{path}: damaged ({error}); evaluate again") from None


def _count(proof: Proof, benchmark: str, sample: Mapping[str, Any]) -> None:
    if word := agreement(sample):
        counts = proof.judged.setdefault(benchmark, dict.fromkeys(("both", "judge", "exact", "neither"), 0))
        counts[word] += 1


def _same(
    known: dict[str, tuple[str, str, str]], benchmark: str, method: str, sample: dict[str, Any]
) -> None:
    question, digest = sample["question_id"], sample["prompt_hash"]
    if question not in known:
        known[question] = (digest, sample["arguments"][0][0], method)
    elif known[question][0] != digest:
        raise InputError(
            f"{benchmark}, question {question}: {method} ({sample['model']}) read another prompt than {known[question][2]}; "
            "results that were made with different prompts cannot be compared: evaluate both again"
        )


def _same_words(
    proof: Proof,
    known: Mapping[str, tuple[str, str, str]],
    benchmark: str,
    method: str,
    sample: Mapping[str, Any],
) -> None:
    mine = sample["arguments"][0][0]
    theirs = known.get(sample["question_id"], ("", WITHHELD, ""))[1]
    if WITHHELD in (mine, theirs):
        if benchmark not in proof.unseen:
            proof.unseen.append(benchmark)
        return
    turns, end = json.JSONDecoder().raw_decode(mine)
    if not all(turn["content"].strip() in theirs for turn in turns) or mine[end:].strip() not in theirs:
        raise InputError(
            f"{benchmark}, question {sample['question_id']}: {method} ({sample['model']}) has another prompt than the family's "
            "models; evaluate both again"
        )
    proof.by_words += 1
