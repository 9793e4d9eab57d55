"""Tables as they are printed, against files that a person has read. ACDC_WRITE_GOLDEN=1 writes them anew."""

import os
from pathlib import Path

import pytest

from reproductions.paper.published import published_api_model
from reproductions.tables.all import all_tables
from reproductions.tables.audit import measurement_tables
from reproductions.tables.table import Table
from tests.reproductions.world import comparison, measurement

GOLDEN = Path(__file__).parents[1] / "golden"
NAMES = ("verdicts", "variants", "benchmarks", "cost", "guesses", "members", "margins", "tests", "best_of_n")


@pytest.mark.parametrize("suffix", ["md", "tex", "csv"])
@pytest.mark.parametrize("name", NAMES)
def test_a_table_reads_as_it_did_when_it_was_checked(name: str, suffix: str, tmp_path: Path) -> None:
    table = all_tables(comparison(), (3, 8))[name]
    _compare(table, name, suffix, tmp_path)


@pytest.mark.parametrize("suffix", ["md", "tex", "csv"])
@pytest.mark.parametrize("name", ["cut_off", "leaks", "leak_gains", "judged"])
def test_a_table_of_the_audit_reads_as_it_did(name: str, suffix: str, tmp_path: Path) -> None:
    made = comparison()
    _compare(measurement_tables(made, measurement(made), (3, 8))[name], name, suffix, tmp_path)


def _compare(table: Table, name: str, suffix: str, tmp_path: Path) -> None:
    table.write(tmp_path)
    written = (tmp_path / f"{name}.{suffix}").read_text(encoding="utf-8")
    golden = GOLDEN / f"{name}.{suffix}"
    if os.environ.get("ACDC_WRITE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(written, encoding="utf-8")
    assert written == golden.read_text(encoding="utf-8")


def test_every_claim_of_the_main_table_has_a_row_with_its_interval_and_corrected_p() -> None:
    made = comparison()
    frame = all_tables(made, (3, 8))["verdicts"].frame
    claims = {(claim.n, claim.rival): claim for claim in made.claims if claim.table == "main"}
    rows = {(row.n, row.id): row for row in frame.itertuples() if row.difference == row.difference}
    assert rows.keys() == claims.keys()
    assert all(rows[key].p_holm == claims[key].bootstrap.holm for key in claims)
    assert all(rows[key].difference_low == claims[key].bootstrap.low for key in claims)


def test_the_largest_n_comes_first_and_ours_leads_each_block() -> None:
    frame = all_tables(comparison(), (3, 8))["verdicts"].frame
    assert list(dict.fromkeys(frame["n"])) == [8, 3]
    assert frame.groupby("n").first()["ours"].all()


def test_the_published_api_model_stands_beside_paper_families_alone_and_is_marked() -> None:
    def notes(family: str) -> str:
        made = comparison().model_copy(update={"family": family})
        return " ".join(all_tables(made, (3, 8), published_api_model(family))["verdicts"].notes)

    assert "Published, not measured here" in notes("qwen2")
    assert "68.1% on average; MMLU-judge 54.31" in notes("qwen2")
    assert "GPT-4o" not in notes("tiny")


def test_a_rival_that_was_not_run_says_so() -> None:
    frame = all_tables(comparison(), (3, 8))["verdicts"].frame
    assert set(frame[frame["id"] == "API model"]["verdict"]) == {"not run"}
