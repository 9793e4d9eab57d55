"""Halves of other runs, and fixed data: real small runs that take their tasks or their models from elsewhere."""

import json
import shutil
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acdc.cli.app import build
from acdc.config.config import Config, load
from acdc.errors import InputError
from acdc.runs.choose_taskforce import choose_run
from acdc.runs.replay import Replays
from acdc.runs.run import evolve_run
from acdc.storage.layout import Layout
from acdc.storage.store import RunStore
from tests.acdc.small_runs import PARAMS, SMALL, run

VARIANTS = [
    *SMALL,
    "presets.tiny.generations=2",
    "presets.tiny.offspring=2",
    "presets.tiny.tasks.interval=1",
    "presets.tiny.tasks.initial_target=6",
    "presets.tiny.tasks.cap=6",
    "presets.tiny.tasks.adapt=3",
    "variants.same_tasks={tasks: {replay: {variant: acdc, seed_offset: 0}}}",
    "variants.founders={models: founders}",
    "taskforce.sizes=[1,2]",
]


@pytest.fixture(scope="module")
def config() -> Config:
    return load(PARAMS, VARIANTS)


@pytest.fixture(scope="module")
def root(config: Config, brief_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("replay")
    for variant, seed in (
        ("acdc", 0),
        ("acdc", 1),
        ("same_tasks", 0),
        ("scientist_frozen", 0),
        ("models_frozen", 0),
        ("founders", 0),
    ):
        assert run(config, root, brief_models, variant=variant, seed=seed)[0] == 0, variant
    return root


def store(root: Path, variant: str, seed: int = 0) -> RunStore:
    return RunStore.read(root / f"runs/tiny/{variant}/seed-{seed}")


def pools(one: RunStore) -> list[list[str]]:
    return [json.loads(snapshot)["active"] for _, snapshot, _ in one.pools()]


def archives(one: RunStore) -> list[tuple[str, ...]]:
    return [row.archive for row in one.generations()]


def hashes(one: RunStore) -> dict[str, str]:
    return {row.id: row.weights_hash for row in one.individuals()}


def test_replaying_the_tasks_it_would_make_itself_gives_the_same_run(root: Path) -> None:
    with store(root, "acdc") as own, store(root, "same_tasks") as replayed:
        assert archives(replayed) == archives(own)
        assert hashes(replayed) == hashes(own)
        assert pools(replayed) == pools(own)
        assert replayed.tasks() == own.tasks()
        assert [c.verdict for c in replayed.cells()] == [c.verdict for c in own.cells()]


def test_models_evolve_on_the_tasks_of_another_run(root: Path) -> None:
    with store(root, "acdc", 1) as other, store(root, "scientist_frozen") as replayed:
        assert pools(replayed) == pools(other)
        assert replayed.tasks() == other.tasks()
        assert hashes(replayed) != hashes(other)
        assert archives(replayed) != archives(other)
        active = json.loads(replayed.pools()[-1][1])["active"]
        done = {(cell.individual, cell.task) for cell in replayed.cells()}
        assert {(m, t) for m in archives(replayed)[-1] for t in active} <= done


def test_tasks_evolve_against_the_archives_of_another_run(root: Path) -> None:
    with store(root, "acdc", 1) as other, store(root, "models_frozen") as replayed:
        assert archives(replayed) == archives(other)
        assert hashes(replayed) == hashes(other)
        assert replayed.tasks() != other.tasks()
        assert max(generation for _, generation, _ in replayed.tasks()) >= 2
        assert sum(row.statistics["newborn"] for row in replayed.generations()) == len(hashes(other))
        assert all(not row.rejected for row in replayed.generations())


def test_founders_stay_for_good_while_tasks_evolve(root: Path) -> None:
    with store(root, "founders") as one:
        assert len(set(archives(one))) == 1
        assert {row.generation for row in one.individuals()} == {0}
        assert max(generation for _, generation, _ in one.tasks()) >= 2


@pytest.mark.parametrize("variant", ["scientist_frozen", "models_frozen"])
def test_a_task_force_is_chosen_as_from_any_run(config: Config, root: Path, variant: str) -> None:
    choose_run(config, Layout(root), config.run_spec("tiny", variant, 0), report=lambda **_: None)
    chosen = json.loads(Layout(root).taskforce("tiny", variant, 0).read_text())
    assert len(chosen["forces"]["coverage"]) == 2


@pytest.mark.parametrize(("variant", "kill_at"), [("scientist_frozen", 14), ("models_frozen", 9)])
def test_a_killed_replay_ends_with_the_same_bytes(
    config: Config, root: Path, brief_models: Path, tmp_path: Path, variant: str, kill_at: int
) -> None:
    shutil.copytree(root / "runs/tiny/acdc", tmp_path / "runs/tiny/acdc")
    assert run(config, tmp_path, brief_models, kill_at=kill_at, variant=variant)[0] == -signal.SIGKILL
    assert run(config, tmp_path, brief_models, variant=variant)[0] == 0
    file = f"runs/tiny/{variant}/seed-0/run.sqlite"
    assert (tmp_path / file).read_bytes() == (root / file).read_bytes()


def test_a_run_that_is_not_finished_cannot_be_replayed(
    config: Config, brief_models: Path, tmp_path: Path
) -> None:
    (tmp_path / "models").symlink_to(brief_models)
    with pytest.raises(InputError, match=r"no finished run.*acdc evolve tiny acdc --seed 1"):
        evolve_run(
            config, Layout(tmp_path), config.run_spec("tiny", "scientist_frozen", 0), report=lambda **_: None
        )
    assert [path.name for path in tmp_path.iterdir()] == ["models"]


def test_a_shorter_run_cannot_be_replayed(root: Path) -> None:
    longer = load(PARAMS, [*VARIANTS, "presets.tiny.generations=3"])
    with pytest.raises(InputError, match=r"has 2 generations.* for 3"):
        Replays(longer, longer.run_spec("tiny", "models_frozen", 0), root / "runs/tiny/models_frozen")


def test_what_is_replayed_is_part_of_what_the_run_is(config: Config, root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "runs", tmp_path / "runs")
    cell = tmp_path / "runs/tiny/acdc"
    shutil.rmtree(cell / "seed-1")
    shutil.copytree(cell / "seed-0", cell / "seed-1")
    for variant in ("scientist_frozen", "models_frozen"):
        with pytest.raises(InputError, match="they differ in replayed"):
            choose_run(config, Layout(tmp_path), config.run_spec("tiny", variant, 0), report=lambda **_: None)


@pytest.mark.parametrize(
    ("variant", "said"),
    [
        ("{tasks: {replay: {variant: acdx}}}", r"replays the tasks of 'acdx'.*did you mean 'acdc'"),
        ("{models: {variant: models_frozen}}", "which replays another run itself"),
        ("{models: nobody}", "variants.x.models"),
        ("{models: founders, tasks: {replay: {variant: acdc}}}", "neither models nor tasks would evolve"),
        ("{tasks: {static: true, replay: {variant: acdc}}}", "static and source must not be set"),
    ],
)
def test_settings_that_cannot_be_are_refused(variant: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load(PARAMS, [f"variants.x={variant}"])


def test_the_plan_names_the_runs_that_are_replayed() -> None:
    arguments = ["evolve", "tiny", "models_frozen", "--params", str(PARAMS), "--seed", "4", "--dry-run"]
    shown = CliRunner().invoke(build(), arguments)
    assert "replays acdc seed 5" in shown.output
    assert json.loads(CliRunner().invoke(build(), [*arguments, "--json"]).stdout)["replays"] == [
        "acdc seed 5"
    ]
    other = CliRunner().invoke(build(), ["evolve", "tiny", "acdc", "--params", str(PARAMS), "--dry-run"])
    assert "replays" not in other.output


@pytest.mark.slow
def test_evolve_makes_the_runs_that_are_missing(
    brief_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models").symlink_to(brief_models)
    monkeypatch.chdir(tmp_path)
    arguments = ["evolve", "tiny", "scientist_frozen", "--params", str(PARAMS), "--seed", "0"]
    overrides = [part for one in [*VARIANTS, "presets.tiny.generations=0"] for part in ("-S", one)]
    result = CliRunner().invoke(build(), [*arguments, *overrides])
    assert result.exit_code == 0, result.output
    assert "replays runs that are not there yet: acdc seed 1" in result.output
    assert (tmp_path / "runs/tiny/acdc/seed-1/run.sqlite").is_file()
    again = CliRunner().invoke(build(), [*arguments, *overrides])
    assert again.exit_code == 0, again.output
    assert "not there yet" not in again.output


def test_a_runs_tasks_are_fixed_data_for_dns_and_cycle_qd(
    config: Config, root: Path, brief_models: Path, tmp_path: Path
) -> None:
    file = tmp_path / "data" / "tasks.jsonl"
    said = CliRunner().invoke(
        build(), ["task", "export", str(root / "runs/tiny/acdc/seed-0"), "--to", str(file)]
    )
    assert said.exit_code == 0, said.output
    fixed = load(
        PARAMS,
        [*VARIANTS, *(f"variants.{name}.tasks.source={file}" for name in ("dns_fixed", "cycle_qd"))],
    )
    for variant in ("dns_fixed", "cycle_qd"):
        assert run(fixed, tmp_path, brief_models, variant=variant)[0] == 0
    with (
        store(root, "acdc") as made,
        store(tmp_path, "cycle_qd") as grids,
        store(tmp_path, "dns_fixed") as dns,
    ):
        assert grids.tasks() == dns.tasks()
        assert {json.loads(task)["source"] for _, _, task in grids.tasks()} <= {
            json.loads(task)["source"] for _, _, task in made.tasks()
        }
        assert {json.loads(task)["group"] for _, _, task in grids.tasks()} == {
            "strings",
            "arithmetic",
            "lists",
        }
        assert archives(grids) != archives(dns)
        assert all(1 <= len(archive) <= 6 for archive in archives(grids))
    file.write_text(file.read_text().replace("tasks", "task", 1) + "\n")
    with pytest.raises(InputError, match="differ in evolution"):
        choose_run(fixed, Layout(tmp_path), fixed.run_spec("tiny", "dns_fixed", 0), report=lambda **_: None)
