"""Variants that change who writes the tasks, what they begin with, how long answers are, and how often tasks are made easier."""

import json
from pathlib import Path

import pytest

from acdc.config.config import Config, load
from acdc.errors import InputError
from acdc.runs.settings_hash import asked
from acdc.storage.layout import Layout
from acdc.storage.store import RunStore
from acdc.tasks.grammar_plan import Plan
from acdc.tasks.task_family import TaskFamily
from tests.acdc.small_runs import PARAMS, SMALL, run

BRIEF = [*SMALL, "presets.tiny.generations=2"]


def tasks_of(root: Path, variant: str) -> tuple[list[TaskFamily], RunStore]:
    store = RunStore.read(Layout(root).run("tiny", variant, 0))
    return [TaskFamily.from_json(json.loads(document)) for _, _, document in store.tasks()], store


def evolved(config: Config, root: Path, models: Path, variant: str) -> list[TaskFamily]:
    assert run(config, root, models, variant=variant)[0] == 0
    tasks, store = tasks_of(root, variant)
    store.close()
    return tasks


def test_another_scientist_writes_other_tasks(brief_models: Path, tmp_path: Path) -> None:
    tasks = evolved(load(PARAMS, BRIEF), tmp_path, brief_models, "other_scientist")
    plans = [Plan.of(task) for task in tasks]
    assert len(plans) >= 8
    assert all(plan is not None and plan.difficulty <= 3 for plan in plans)


def test_without_the_code_seed_task_no_seed_asks_for_code_and_short_answers_are_short(
    brief_models: Path, tmp_path: Path
) -> None:
    overlay = "variants.both={tasks: {code_seed_tasks: false}, answer_share: 0.25}"
    tasks = evolved(load(PARAMS, [*BRIEF, overlay]), tmp_path, brief_models, "both")
    assert [task.is_code for task in tasks if task.provenance.kind == "seed"] == [False] * 3
    with RunStore.read(Layout(tmp_path).run("tiny", "both", 0)) as store:
        lengths = [cell.tokens for cell in store.cells()]
    assert max(lengths) <= 5  # a quarter of 20


def test_tasks_are_made_easier_and_every_example_is_asked(brief_models: Path, tmp_path: Path) -> None:
    overlay = (
        "variants.band={tasks: {hard_threshold: 0.5, easy_threshold: 0.9, examples_per_task: 3, adapt: 12}}"
    )
    tasks = evolved(load(PARAMS, [*BRIEF, overlay]), tmp_path, brief_models, "band")
    easier = [task for task in tasks if task.provenance.kind == "easier"]
    assert easier
    by_id = {task.id: task for task in tasks}
    for task in easier:
        assert task.provenance.parent_pass_rate is not None
        assert task.provenance.parent_pass_rate < 0.5
        assert task.difficulty < by_id[str(task.provenance.parent)].difficulty
    with RunStore.read(Layout(tmp_path).run("tiny", "band", 0)) as store:
        active = json.loads(store.pools()[-1][1])["active"]
        last = store.generations()[-1]
        examples = {(c.task, c.example) for c in store.cells(last.archive[0])}
    assert all(len([1 for task, _ in examples if task == one]) == 3 for one in active)


def test_the_published_variants_are_there_and_change_what_they_say() -> None:
    config = load(PARAMS)
    other = config.evolution("tiny", "other_scientist")
    assert config.scientist_of(other) == config.scientists["other"] != config.scientist
    assert not config.evolution("tiny", "without_code_seed_task").tasks.code_seed_tasks
    full, short = (config.evolution("tiny", name) for name in ("acdc", "short_answers"))
    assert short.answer_tokens == full.answer_tokens // 2
    hashes = [
        json.dumps(asked(config, config.run_spec("tiny", name, 0)))
        for name in ("acdc", "other_scientist", "short_answers")
    ]
    assert len(set(hashes)) == 3


@pytest.mark.parametrize(
    ("override", "error"),
    [
        ("variants.x.scientist=othre", r"no entry 'othre' in scientists; did you mean 'other'"),
        ("scientists.other.kind=gramar", r"scientists\.other\.kind: there is no 'gramar'"),
        ("scientists.other.hardset=1", r"scientists\.other\.hardset: unknown key; did you mean 'hardest'"),
        ("scientists.other=3", r"scientists\.other: expected a mapping"),
    ],
)
def test_faults_of_other_scientists_are_said(override: str, error: str) -> None:
    with pytest.raises(InputError, match=error):
        load(PARAMS, [override])
