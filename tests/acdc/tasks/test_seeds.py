"""The four seed tasks for a scientist that is a language model."""

from pathlib import Path

import pytest

from acdc.errors import InputError
from acdc.judging.extract import extract
from acdc.sandbox import Job, Sandbox
from acdc.tasks.scientist import Draft
from acdc.tasks.seeds import OURS, seed_drafts

SEEDS = seed_drafts()


def test_there_is_one_of_each_kind_and_every_file_is_listed() -> None:
    assert len(SEEDS) == 4 == len(list(OURS.glob("*.py")))
    assert all(1 <= seed.difficulty <= 5 for seed in SEEDS)


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_a_seed_runs_in_the_sandbox_and_its_solution_scores_one(seed: Draft, box: Sandbox) -> None:
    family = box.describe(seed.source)
    assert len(family.tasks) >= 3
    assert all(text.strip() for text in family.instructions.values())
    first = next(iter(family.tasks))
    wrong = ["", "Answer: nothing", "0", "E", "def longest_plateau(values): return len(values)"]
    jobs = [
        Job(seed.source, first, extract(answer, seed.is_code)) for answer in (seed.solution or "", *wrong)
    ]
    right, *others = box.score(jobs)
    assert right.score == 1.0
    assert all(outcome.score is not None and outcome.score < 0.5 for outcome in others)


@pytest.mark.parametrize("seed", [seed for seed in SEEDS if not seed.is_code], ids=lambda seed: seed.name)
def test_every_example_of_a_seed_has_an_answer_that_passes(seed: Draft, box: Sandbox) -> None:
    tasks = box.describe(seed.source).tasks
    outcomes = box.score([Job(seed.source, name, str(task["answer"])) for name, task in tasks.items()])
    assert [outcome.score for outcome in outcomes] == [1.0] * len(tasks)


def test_code_in_a_fence_passes_too(box: Sandbox) -> None:
    seed = next(one for one in SEEDS if one.is_code)
    fenced = f"Here it is:\n```python\n{seed.solution}```\n"
    assert box.score([Job(seed.source, "1", fenced)])[0].score == 1.0


def test_a_folder_without_an_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"index\.json: No such file"):
        seed_drafts(tmp_path)


@pytest.mark.parametrize(
    ("index", "words"),
    [
        ("[]", "an entry for each task"),
        ("{}", "an entry for each task"),
        ('[{"file": "x.py"}]', r"x\.py: No such file"),
        ("[3]", "not subscriptable"),
        ("no json", "cannot be read"),
        ("[{}]", "lacks 'file'"),
    ],
)
def test_a_folder_whose_index_is_spoilt_is_refused(tmp_path: Path, index: str, words: str) -> None:
    (tmp_path / "index.json").write_text(index)
    with pytest.raises(InputError, match=words):
        seed_drafts(tmp_path)
