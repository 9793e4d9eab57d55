"""Would another processor have decided alike? Read from journals of runs that are there."""

import json
from pathlib import Path

import pytest

from acdc.cli.doctor import doctor
from acdc.doctor.bits import as_text, kernels, look
from acdc.errors import InputError
from acdc.numbers.margins import Margins
from acdc.storage.journal import Journal


def run(root: Path, name: str, *attempts: Margins) -> Path:
    """A finished run with the margins that each of its processes told."""
    directory = root / "runs" / "tiny" / "acdc" / name
    journal = Journal(directory)
    for margins in attempts:
        journal.note("margins", decisions=margins.to_json())
    journal.close()
    (directory / "run.sqlite").touch()
    return directory


def told(**decisions: float) -> Margins:
    margins = Margins()
    for decision, margin in decisions.items():
        margins.note(decision.replace("_", " "), margin, count=10, settled=1)
    return margins


def test_the_closest_decision_of_all_runs_is_named_with_its_run(tmp_path: Path) -> None:
    run(tmp_path, "seed-0", told(greedy_token=1e-3), told(greedy_token=2e-4))
    other = run(tmp_path, "seed-1", told(greedy_token=1e-5, novelty_cosine=0.01))
    found = look(tmp_path / "runs")
    rows = {row.decision: row for row in found.closest}
    assert (rows["greedy token"].smallest, rows["greedy token"].run) == (1e-5, str(other))
    assert (rows["greedy token"].count, rows["greedy token"].settled) == (30, 3)
    assert found.safe
    assert "Safe on another" in found.verdict


def test_a_decision_within_reach_of_rounding_is_not_safe(tmp_path: Path) -> None:
    run(tmp_path, "seed-0", told(greedy_token=1e-3, pass_rate=1e-10))
    found = look(tmp_path / "runs")
    assert found.safe is False
    assert found.verdict.startswith("Not safe on another machine: pass rate")


def test_cosines_of_a_model_in_single_precision_need_more_room(tmp_path: Path) -> None:
    margins = Margins()
    margins.note("model's novelty cosine", 5e-6)
    margins.note("novelty cosine", 5e-6)
    run(tmp_path, "seed-0", margins)
    assert [row.safe for row in look(tmp_path / "runs").closest] == [False, True]


def test_ties_that_a_rule_broke_are_safe_and_runs_without_margins_are_unknown(tmp_path: Path) -> None:
    tie = Margins()
    tie.compare("gibberish share", 0.9, 0.9)
    tie.note("greedy token", 1e-3)
    first = run(tmp_path, "seed-0", tie)
    assert look(first).safe
    assert "ties only" in as_text(look(first))
    run(tmp_path, "seed-1")
    assert look(tmp_path / "runs").safe is None
    assert "1 of 2 runs lack margins" in look(tmp_path / "runs").verdict


def test_of_a_process_that_was_killed_nothing_is_known(tmp_path: Path) -> None:
    directory = run(tmp_path, "seed-0")
    journal = Journal(directory)
    journal.begin()  # and killed
    journal.begin()
    journal.note("margins", decisions=told(greedy_token=1e-3).to_json())
    journal.close()
    assert look(directory).safe is None


def test_the_report_is_eighty_columns_wide_and_the_same_in_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, "seed-0", told(greedy_token=1e-3, sampled_token=1e-4, float32_error_below_its_bound=9e-4))
    monkeypatch.chdir(tmp_path)
    doctor(bits=True)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    doctor(bits=True, as_json=True)
    report = json.loads(capsys.readouterr().out)
    assert report["safe"] is True
    assert report["runs"] == ["runs/tiny/acdc/seed-0"]


def test_this_processor_s_kernels_are_named() -> None:
    assert {"processor", "PyTorch", "NumPy", "its BLAS", "threads"} <= kernels().keys()


def test_a_place_that_is_none_is_refused_and_runs_without_bits_are_no_question(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such directory"):
        look(tmp_path / "nowhere")
    with pytest.raises(InputError, match="only together with --bits"):
        doctor(tmp_path)
