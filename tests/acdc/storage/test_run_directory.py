"""Who names a directory without a run is told where runs lie."""

from pathlib import Path

import pytest

from acdc.errors import InputError
from acdc.storage.run_directory import finished_below
from acdc.storage.store import RunStore


def _finished(*directories: Path) -> None:
    for directory in directories:
        RunStore.create_or_resume(directory, "settings").finish()


def _said(directory: Path) -> str:
    with pytest.raises(InputError) as refused:
        RunStore.read(directory)
    return str(refused.value)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    runs = Path("runs")
    _finished(*(runs / "tiny" / "acdc" / f"seed-{seed}" for seed in (0, 2, 10)))
    _finished(runs / "tiny" / "no_dns" / "seed-0")
    return runs


@pytest.mark.parametrize("above", ["runs", "runs/tiny"])
def test_a_directory_above_runs_names_the_runs_below_it(runs: Path, above: str) -> None:
    assert _said(Path(above)) == (
        f"{above}: no finished run there, but below it: runs/tiny/acdc/seed-0, runs/tiny/acdc/seed-2, "
        "runs/tiny/acdc/seed-10 and 1 more; name one of them"
    )


def test_a_seed_that_was_not_run_names_those_that_were(runs: Path) -> None:
    assert _said(runs / "tiny/acdc/seed-9") == (
        "runs/tiny/acdc/seed-9: no finished run there; there are runs/tiny/acdc/seed-0, runs/tiny/acdc/seed-2, "
        "runs/tiny/acdc/seed-10; name one of them, or run `acdc evolve` first"
    )


def test_a_misspelt_variant_names_the_runs_of_the_family(runs: Path) -> None:
    assert "there are runs/tiny/acdc/seed-0" in _said(runs / "tiny/acdx/seed-0")


def test_without_any_run_evolve_is_what_to_run(tmp_path: Path) -> None:
    assert _said(tmp_path / "runs/tiny/acdc/seed-0").endswith(
        "no finished run there; run `acdc evolve` first"
    )


def test_runs_that_were_set_aside_or_have_not_finished_are_not_named(runs: Path) -> None:
    _finished(runs / ".old" / "tiny" / "seed-0")
    RunStore.create_or_resume(runs / "tiny" / "other" / "seed-0", "settings").close()
    assert len(finished_below(runs)) == 4
    assert "has not finished" in _said(runs / "tiny" / "other" / "seed-0")
