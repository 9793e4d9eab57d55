"""Proof that everybody read the same prompts; what differs is named."""

import json
from pathlib import Path
from typing import Any

import pytest

from acdc.errors import InputError
from evals.answering.api_model import messages
from evals.answering.benchmark_run import WITHHELD
from evals.audit.same_prompts import agreement, same_prompts


def sample(question: str, model: str, digest: str = "", **more: Any) -> dict[str, Any]:
    return {
        "question_id": question,
        "model": model,
        "temperature": 0.0,
        "draw": 0,
        "prompt_hash": digest or f"hash of {question}",
        "arguments": [[f"<usr>Say {question}.<ast>Well: "]],
        "filtered_resps": ["x"],
        "target": "x",
        **more,
    }


def write(folder: Path, *samples: dict[str, Any]) -> list[Path]:
    (folder / "bench").mkdir(parents=True)
    text = "".join(json.dumps(one) + "\n" for one in samples)
    (folder / "bench" / "samples.jsonl").write_text(text)
    return [folder]


def test_equal_hashes_are_a_proof_with_its_numbers(tmp_path: Path) -> None:
    places = {
        name: write(tmp_path / name, *(sample(q, f"{name} {m}") for m in "ab" for q in ("q0", "q1")))
        for name in ("acdc", "baselines")
    }
    proof = same_prompts(places, ["bench"])
    assert (proof.samples, proof.answerers, proof.questions) == (8, 4, {"bench": 2})
    assert (proof.by_words, proof.unseen, proof.judged) == (0, [], {})


def test_another_prompt_names_method_model_and_question(tmp_path: Path) -> None:
    places = {
        "acdc": write(tmp_path / "a", sample("q0", "g1"), sample("q1", "g1")),
        "baselines": write(tmp_path / "b", sample("q0", "big"), sample("q1", "big", "another")),
    }
    with pytest.raises(
        InputError, match=r"bench, question q1: baselines \(big\) read another prompt than acdc"
    ):
        same_prompts(places, ["bench"])


def test_turns_of_an_endpoint_are_found_in_the_prompts_of_the_others(tmp_path: Path) -> None:
    turns = [[messages("Say q0.") + "Well: "]]
    places = {
        "baselines": write(tmp_path / "b", sample("q0", "GPT", "other", arguments=turns), sample("q0", "big"))
    }
    assert same_prompts(places, ["bench"], ["GPT"]).by_words == 1
    with pytest.raises(InputError, match="read another prompt"):
        same_prompts(places, ["bench"])
    other = [[messages("Say something else.")]]
    places = {
        "baselines": write(tmp_path / "c", sample("q0", "GPT", "other", arguments=other), sample("q0", "big"))
    }
    with pytest.raises(InputError, match=r"question q0: baselines \(GPT\) has another prompt"):
        same_prompts(places, ["bench"], ["GPT"])


def test_of_a_withheld_benchmark_an_endpoints_turns_cannot_be_seen_and_that_is_said(tmp_path: Path) -> None:
    hidden = [[WITHHELD, {}]]
    both = (sample("q0", "GPT", "other", arguments=hidden), sample("q0", "big", arguments=hidden))
    proof = same_prompts({"baselines": write(tmp_path / "b", *both)}, ["bench"], ["GPT"])
    assert (proof.by_words, proof.unseen) == (0, ["bench"])


@pytest.mark.parametrize(
    ("answer", "target", "passed", "word"),
    [
        ("I think so.\nParis", "paris", 1.0, "both"),
        ("So it is\nFinal answer: 1,000", "1000", 1.0, "both"),
        ("the capital of France", "Paris", 1.0, "judge"),
        ("Paris", "Paris", 0.0, "exact"),
        ("Rome", "Paris", 0.0, "neither"),
        ("Rome", "Paris", None, ""),
        (WITHHELD, WITHHELD, 1.0, ""),
    ],
)
def test_judge_and_exact_match_agree_or_not(
    answer: str, target: str, passed: float | None, word: str, tmp_path: Path
) -> None:
    one = sample("q0", "m", filtered_resps=[answer], target=target, judge_pass=passed)
    assert agreement(one) == word
    counts = same_prompts({"acdc": write(tmp_path / "a", one)}, ["bench"]).judged
    assert counts == (
        {"bench": {"both": 0, "judge": 0, "exact": 0, "neither": 0} | {word: 1}} if word else {}
    )


def test_missing_samples_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"samples\.jsonl: cannot be read"):
        same_prompts({"acdc": [tmp_path]}, ["bench"])
