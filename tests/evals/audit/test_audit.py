"""The audit of hand-made results, whose numbers can be counted."""

from pathlib import Path

import numpy as np
import pytest

from acdc.errors import NotEnoughDataError
from evals.answering.evaluate_taskforce import Run
from evals.audit.audit import Audit, AuditSettings, ComparedTasks, audit
from evals.audit.leakage import Leaks, Nearest
from evals.audit.same_prompts import Proof
from evals.comparison.evidence import gather
from evals.settings import ComparisonSettings, StatisticsSettings
from evals.statistics.bootstrap import Resamples
from tests.evals.comparison.test_build import FIRST, SECOND, baselines, run, write

STATISTICS = StatisticsSettings(resamples=2000)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """As those of the comparison; wrong answers were cut off, so every question left is one that everybody answered."""
    for benchmark, solved in {"one": FIRST, "two": SECOND}.items():
        rows = {(model, 0.0, 0): cells for model, cells in solved.items()}
        write(tmp_path / "acdc" / "seed-0", benchmark, rows)
    control = {("g", 0.7, 0): "1110", ("g", 0.7, 1): "1100", ("big", 0.0, 0): "1101"}
    baselines(
        tmp_path / "baselines", {**control, ("GPT", 0.0, 0): "0000"}, {**control, ("GPT", 0.0, 0): "0000"}
    )
    return tmp_path


def audited(results: Path, found: dict[str, Leaks] | None = None) -> Audit:
    runs: dict[str, list[Run]] = {"acdc": [run("acdc", 0)]}
    settings = ComparisonSettings(claim_sizes=(2,))
    evidence = gather("tiny", ["one", "two"], runs, results, settings, 2)
    found = found or {}
    tasks = 3 if found else 0
    return audit(
        evidence,
        Proof(),
        ComparedTasks(found, tasks, "hashing"),
        AuditSettings(near=0.9),
        settings,
        STATISTICS,
    )


def leaked(overlaps: list[bool], cosines: list[float]) -> Leaks:
    return Leaks((Nearest(0, "q0", 0.99, ()),), np.array(cosines), np.array(overlaps), 1)


def test_shares_cut_off_and_coverage_without_those_questions(results: Path) -> None:
    made = audited(results)
    rows = {row.method: row for row in made.cut_off}
    control = rows["Control"]
    assert control.shares == pytest.approx({"one": 3 / 8, "two": 3 / 8})
    assert control.coverage.mean == pytest.approx(3 / 4)
    assert control.coverage.questions == 8
    # Of the first two questions no draw was cut off; both are solved.
    assert control.without is not None
    assert (control.without.mean, control.without.questions) == (1.0, 4)
    big = rows["Big once"]
    assert (big.n, big.ours_n) == (1, 2)
    assert big.without is not None
    assert big.without.mean == 1.0


def test_differences_are_paired_on_the_questions_that_are_whole_for_both(results: Path) -> None:
    rows = {row.method: row for row in audited(results).cut_off}
    ours = rows["acdc/coverage"]
    assert (ours.gain, ours.ours_n) == (None, None)
    # a and b: on no question are both right, so one of them was cut off on every one.
    assert ours.without is None
    control = rows["Control"]
    assert control.gain is not None
    assert control.gain.mean == pytest.approx(3 / 4 - 3 / 4)
    assert control.gain.low <= control.gain.mean <= control.gain.high
    assert control.gain_without is None


def test_leaked_questions_are_left_out_by_words_and_by_cosine(results: Path) -> None:
    found = {
        "one": leaked([True, False, False, False], [0.2, 0.95, 0.1, 0.1]),
        "two": leaked([False] * 4, [0.5] * 4),
    }
    made = audited(results, found)
    first = made.leaks[0]
    assert (first.questions, first.overlapping, first.near, first.too_short, first.largest) == (
        4,
        1,
        1,
        1,
        0.95,
    )
    control = next(row for row in made.leak_gains if row.rival == "Control")
    # Ours solves 1, 2, 3 of the first and 1, 2, 3 of the second; control the same.
    assert control.all.questions == 8
    assert control.without_overlapping is not None
    assert (control.without_overlapping.mean, control.without_overlapping.questions) == (0.0, 7)
    big = next(row for row in made.leak_gains if row.rival == "Big once")
    # Big solves 1, 2, 4. Without the second question of "one": ours 2 of 3, big 2 of 3.
    assert big.all.mean == pytest.approx(0.0)
    assert big.without_near is not None
    assert big.without_near.mean == pytest.approx((0 + 0) / 2)


def test_a_benchmark_that_is_leaked_as_a_whole_leaves_no_number(results: Path) -> None:
    found = {"one": leaked([True] * 4, [0.1] * 4), "two": leaked([False] * 4, [0.1] * 4)}
    row = audited(results, found).leak_gains[0]
    assert row.without_overlapping is None
    assert row.without_near is not None


def test_no_text_and_no_reply_is_in_the_document(results: Path) -> None:
    text = audited(results).model_dump_json()
    assert "prompt 0" not in text
    assert "reply of" not in text


def test_a_masked_mean_agrees_with_the_plain_one_where_nothing_is_left_out() -> None:
    rng = np.random.default_rng(0)
    values = {"x": rng.random((3, 40)), "y": rng.random((3, 20))}
    drawn = Resamples(
        {"x": 40, "y": 20}, 3, levels=("runs", "items"), resamples=4000, confidence=0.95, seed=1
    )
    whole = drawn.left(values, {"x": np.ones(40, bool), "y": np.ones(20, bool)})
    assert whole is not None
    assert whole.mean == pytest.approx((values["x"].mean() + values["y"].mean()) / 2)
    # Uniform numbers have a variance of 1/12; the runs are resampled with their questions.
    sd = np.sqrt((1 / 12 / 40 + 1 / 12 / 20) / 4 / 3)
    assert 1.5 * sd < (whole.high - whole.low) / 2 < 4 * sd
    half = np.arange(40) < 20
    some = drawn.left(values, {"x": half, "y": np.ones(20, bool)})
    assert some is not None
    assert some.mean == pytest.approx((values["x"][:, :20].mean() + values["y"].mean()) / 2)
    assert some.questions == 40


def test_nothing_to_draw_from_is_an_error() -> None:
    with pytest.raises(NotEnoughDataError):
        Resamples({}, 1, resamples=1000, confidence=0.95, seed=0)
