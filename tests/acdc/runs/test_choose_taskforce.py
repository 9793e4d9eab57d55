"""From a finished run to task forces: of the run, and among checkpoints of one's own."""

import json
from pathlib import Path

import pytest

from acdc.config.config import Config, load
from acdc.errors import InputError
from acdc.runs.choose_taskforce import choose_models, choose_run
from acdc.storage.layout import Layout
from acdc.storage.store import RunStore
from tests.acdc.small_runs import PARAMS, SMALL, run

CHOICE = [*SMALL, "taskforce.sizes=[1,2,3]", "taskforce.candidates=8", "presets.tiny.tasks.choice_tasks=9"]


@pytest.fixture(scope="module")
def config() -> Config:
    return load(PARAMS, CHOICE)


@pytest.fixture(scope="module")
def root(config: Config, brief_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("choosing")
    assert run(config, root, brief_models)[0] == 0
    return root


def test_the_choice_of_a_run_is_written_and_repeats(config: Config, root: Path) -> None:
    path = Layout(root).taskforce("tiny", "acdc", 0)
    choose_run(config, Layout(root), config.run_spec("tiny", "acdc", 0), report=lambda **_: None)
    first = path.read_bytes()
    result = json.loads(first)
    assert 4 <= len(result["candidates"]) <= 8
    assert len(result["forces"]["coverage"]) == 3
    assert len(result["tasks"]) <= 9
    assert {len(row) for row in result["skills"].values()} == {len(result["tasks"])}
    with RunStore.read(Layout(root).run("tiny", "acdc", 0)) as store:
        assert set(result["archive"]) == set(store.generations()[-1].archive)
    choose_run(config, Layout(root), config.run_spec("tiny", "acdc", 0), report=lambda **_: None)
    assert path.read_bytes() == first
    assert not list((root / "cache").rglob("*.sqlite"))


def test_the_task_force_choice_leaves_the_run_as_it_was(config: Config, root: Path) -> None:
    store = Layout(root).run("tiny", "acdc", 0) / "run.sqlite"
    before = store.read_bytes()
    choose_run(config, Layout(root), config.run_spec("tiny", "acdc", 0), report=lambda **_: None)
    assert store.read_bytes() == before


def test_a_run_of_other_settings_is_not_chosen_from(root: Path) -> None:
    other = load(PARAMS, [*CHOICE, "presets.tiny.max_new_tokens=21"])
    with pytest.raises(InputError, match=r"they differ in evolution.*acdc evolve tiny acdc"):
        choose_run(other, Layout(root), other.run_spec("tiny", "acdc", 0), report=lambda **_: None)


def test_an_unfinished_run_cannot_be_chosen_from(config: Config, brief_models: Path, tmp_path: Path) -> None:
    run(config, tmp_path, brief_models, kill_at=20)
    with pytest.raises(InputError, match="not finished"):
        choose_run(config, Layout(tmp_path), config.run_spec("tiny", "acdc", 0), report=lambda **_: None)


def test_checkpoints_from_elsewhere_are_chosen_from_on_a_runs_tasks(
    config: Config, root: Path, brief_models: Path
) -> None:
    models = [brief_models / "tiny" / name for name in ("general", "strings", "arithmetic", "lists")]
    asked = Layout(root).run("tiny", "acdc", 0)
    result = choose_models(config, Layout(root), models, asked, 0, report=lambda **_: None)
    choice = result.choice
    assert set(choice.skills) == {"general", "strings", "arithmetic", "lists"}
    assert len(choice.exact["3"].members) == 3
    # The seeds took part in the run under the same names, so both must find the same.
    with RunStore.read(asked) as store:
        passed = {(c.task, c.example) for c in store.cells("general") if c.verdict == "pass"}
    here = {task for task, cell in zip(choice.tasks, choice.skills["general"], strict=True) if cell == "1"}
    known = {f"{task}/{example}" for task, example in passed}
    assert here <= known


def test_a_directory_that_is_no_model_is_named(config: Config, root: Path) -> None:
    asked = Layout(root).run("tiny", "acdc", 0)
    with pytest.raises(InputError, match="nowhere"):
        choose_models(config, Layout(root), [Path("nowhere")], asked, 0, report=lambda **_: None)


def test_task_forces_of_earlier_generations_come_from_what_there_was_by_then(root: Path) -> None:
    asked = load(PARAMS, [*CHOICE, "taskforce.generations=[0,2,4]"])
    choose_run(asked, Layout(root), asked.run_spec("tiny", "acdc", 0), report=lambda **_: None)
    path = Layout(root).taskforce("tiny", "acdc", 0)
    result = json.loads(path.read_text())
    assert list(result["generations"]) == ["0", "2", "4"]
    created = {one["id"]: one["generation"] for one in result["candidates"]}
    for generation, force in result["generations"].items():
        assert all(created[member] <= int(generation) for member in force["members"])
    counts = [(force["candidates"], force["tasks"]) for force in result["generations"].values()]
    assert counts == sorted(counts)
    # What the whole run chooses from and by is what its last generation has.
    assert result["generations"]["4"]["members"] == result["forces"]["coverage"]
    beyond = load(PARAMS, [*CHOICE, "taskforce.generations=[9]"])
    with pytest.raises(InputError, match="generation 9 does not exist"):
        choose_run(beyond, Layout(root), beyond.run_spec("tiny", "acdc", 0), report=lambda **_: None)
