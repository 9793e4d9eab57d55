import json
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acdc.tiny.questions import training_stream
from acdc.tiny.settings import TinySettings
from acdc.tiny.skills import DOMAINS, SKILLS
from evals.benchmarks.tiny.generator import CASES, LEAST_FORMS, SHIFTS, generate, rows
from evals.benchmarks.tiny.guessing import forms

YAML = Path("evals/benchmarks/tiny")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return generate(tmp_path_factory.mktemp("suite"), seed=0)


@pytest.fixture(scope="module")
def manager() -> Any:
    from lm_eval.tasks import TaskManager

    return TaskManager(include_path=str(YAML.resolve()), include_defaults=False)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(
    files: dict[str, Path], tmp_path: Path
) -> None:
    again, other = generate(tmp_path / "again", seed=0), generate(tmp_path / "other", seed=1)
    for name, path in files.items():
        assert path.read_bytes() == again[name].read_bytes() != other[name].read_bytes()
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == sorted(
        [*(f"{name}.jsonl" for name in SHIFTS), "guess_rates.json"]
    )


@pytest.mark.parametrize("benchmark", SHIFTS)
def test_fewer_questions_are_the_first_of_more(benchmark: str) -> None:
    assert rows(benchmark, 3, 8) == rows(benchmark, 3, 16)[:8]


@pytest.mark.parametrize("benchmark", SHIFTS)
def test_every_question_has_the_answer_that_its_skill_gives(benchmark: str, files: dict[str, Path]) -> None:
    questions = read(files[benchmark])
    assert len(questions) == 64
    assert len({row["id"] for row in questions}) == len({row["question"] for row in questions}) == 64
    for row in questions:
        assert row["answer"] == SKILLS[row["skill"]].solve(*row["args"])
        assert all(argument in row["question"] for argument in row["args"])


@pytest.mark.parametrize("benchmark", sorted(set(SHIFTS) - {"tiny_repeats"}))
def test_no_question_is_worded_as_in_training(benchmark: str, files: dict[str, Path]) -> None:
    for row in read(files[benchmark]):
        seen = {phrasing.format(*row["args"]) for phrasing in SKILLS[row["skill"]].phrasings}
        assert row["question"] not in seen


def test_no_question_occurs_in_the_beginning_of_the_training_stream(files: dict[str, Path]) -> None:
    stream = training_stream(np.random.default_rng(0), DOMAINS, TinySettings().skill_shares, 0.1)
    trained = {asked.phrase for asked in islice(stream, 30_000)}
    assert not trained & {row["question"] for path in files.values() for row in read(path)}


def test_a_form_of_answer_leaves_a_guesser_many_to_choose_from(files: dict[str, Path]) -> None:
    for path in files.values():
        assert min(forms(row["skill"], row["args"]) for row in read(path)) >= LEAST_FORMS


def test_guessing_eight_times_is_right_on_less_than_a_tenth(files: dict[str, Path]) -> None:
    rates = json.loads(next(iter(files.values())).with_name("guess_rates.json").read_text())
    assert set(rates) == set(SHIFTS)
    for rate in rates.values():
        assert rate["informed_1"] < rate["informed_8"] < 0.1
        assert rate["blind_1"] <= rate["blind_8"] < 0.1


def test_each_task_loads_in_lm_eval_and_asks_what_the_generator_drew(manager: Any) -> None:
    tasks = manager.load(sorted(SHIFTS))["tasks"]
    for name, task in tasks.items():
        assert [task.doc_to_text(doc) for doc in task.eval_docs] == [row["question"] for row in rows(name, 0)]
        assert task.doc_to_target(task.eval_docs[0]) == rows(name, 0, 1)[0]["answer"]
        assert task.OUTPUT_TYPE == "generate_until"


def test_one_token_budget_holds_for_all_and_every_right_reply_fits(manager: Any) -> None:
    from acdc.tiny.skills import worded

    for name, task in manager.load(sorted(SHIFTS))["tasks"].items():
        assert task.config.generation_kwargs["max_gen_toks"] == 48
        for row in rows(name, 0):
            item = worded(SKILLS[row["skill"]], tuple(row["args"]), "")
            assert len(item.reply.encode()) + 1 <= 48


def test_the_last_answer_line_of_a_chain_of_thought_counts(manager: Any) -> None:
    task = manager.load(["tiny_reasoning"])["tasks"]["tiny_reasoning"]
    doc = {"answer": "47"}
    replies = {
        "12+30=42 42+5=47\nAnswer: 47": 1.0,
        "Answer: 3\nAnswer: 47": 1.0,
        "47": 0.0,
        "12+30=42\nAnswer: 42": 0.0,
    }
    for reply, right in replies.items():
        (kept,) = next(iter(task._filters[0].filters[0]().apply([[reply]], [doc])))
        assert task.process_results(doc, [kept])["exact_match"] == right


def test_programs_are_judged_by_what_they_return() -> None:
    from acdc.sandbox import Job, Sandbox
    from acdc.sandbox.settings import SandboxSettings

    row = next(row for row in rows("tiny_programs", 0) if row["skill"] == "number_code")
    other_words = row["answer"].replace("def f(x): return ", "def f(y):\n    x = y\n    return 0 + ")
    answers = {
        row["answer"]: 1.0,
        other_words: 1.0,
        row["answer"] + "+1": 0.0,
        "def f(x): return (": 0.0,
        "def f(x): return float(x)": 0.0,
        "": 0.0,
    }
    with Sandbox.open(SandboxSettings()) as box:
        outcomes = box.score([Job(row["source"], row["task"], answer) for answer in answers])
    assert [outcome.score for outcome in outcomes] == list(answers.values())
    assert row["source"].count("[[") == 1
    assert len(eval(row["source"].split('"cases": ')[1].split("}}")[0])) == CASES
