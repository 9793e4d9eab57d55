"""Ours beside the paper's: from a made-up comparison to the cells of the published tables."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from acdc.errors import InputError
from acdc.storage.layout import Layout
from reproductions.load import comparison_file
from reproductions.paper.names import names, our_benchmark, printed_benchmark
from reproductions.paper.printed_tables import Print
from reproductions.paper.with_our_numbers import compared_with_paper
from tests.reproductions.measured_families import METHODS, OURS, method, write

TABLES = (1, 2, 6, 7, 10, 11, 12, 14, 15, 16)
printed = Print.read()


def ours(name: str, layouts: list[Layout], family: str, label: str, n: int) -> dict[str, Any]:
    """The row of ours under a printed one."""
    frame = compared_with_paper(printed, name, layouts).frame
    found = frame[
        (frame["family"] == family)
        & (frame["method"] == label)
        & (frame["n"] == n)
        & (frame["source"] == "ours")
    ]
    return dict(found.iloc[0])


@pytest.mark.parametrize("number", TABLES)
def test_every_table_of_the_paper_is_there_with_and_without_ours(number: int, tmp_path: Path) -> None:
    name = f"table{number}"
    without = compared_with_paper(printed, name, [Layout(tmp_path)])
    assert "Ours: nothing yet for" in without.notes[-1]
    assert len(without.frame) == len(printed.table(name).frame)
    layouts = [write(tmp_path, family) for family in names().families]
    made = compared_with_paper(printed, name, layouts)
    assert "nan" not in made.markdown()
    assert any(note.startswith("Ours of") for note in made.notes)
    if "ours" in made.frame:
        assert made.frame["ours_units"].notna().all()
    else:
        assert set(made.frame["source"]) == {"paper", "ours"}


def test_a_score_stands_under_the_printed_one_cell_by_cell(tmp_path: Path) -> None:
    row = ours("table6", [write(tmp_path, "qwen2")], "Qwen2 7B", "AC/DC", 8)
    assert row["GSM8K"] == pytest.approx(60.0)
    assert row["BBH-judge"] == pytest.approx(67.0)
    assert row["Average"] == row["recomputed"] == pytest.approx(63.5)
    lines = compared_with_paper(printed, "table6", [write(tmp_path, "qwen2")]).markdown().splitlines()
    paper, mine = (
        next(line for line in lines if line.startswith(f"| AC/DC | 8 | {who} |")) for who in ("paper", "ours")
    )
    assert paper.count("|") == mine.count("|")
    assert "60.00" in mine


def test_experts_with_eight_answers_stand_in_their_own_table(tmp_path: Path) -> None:
    row = ours("table12", [write(tmp_path, "qwen3")], "Qwen3 14B", "Experts (3-3-2)", 8)
    assert row["MBPP"] == pytest.approx(55.0)


def test_an_average_leaves_out_what_the_paper_left_out(tmp_path: Path) -> None:
    layouts = [write(tmp_path, "qwen2")]
    row = ours("table10", layouts, "Qwen2 7B", "Fitness Only (no DNS)", 3)
    seven = [0.47 + 0.01 * place for place, name in enumerate(OURS) if name != "minerva_math"]
    assert row["Average excl. Minerva"] == pytest.approx(100 * sum(seven) / 7)
    assert math.isnan(ours("table10", layouts, "Qwen2 7B", "No Mutation", 3)["Average excl. Minerva"])
    assert (
        "No Mutation: not measured (no_mutation/coverage)"
        in compared_with_paper(printed, "table10", layouts).notes[-1]
    )


def test_a_difference_has_its_interval_over_benchmarks(tmp_path: Path) -> None:
    rivals = [*METHODS[:5], method("control-07", "Control, general × N, T = 0.7", 0.46)]
    values = rivals[-1]["coverage"][0]["benchmarks"]
    values["gsm8k_llama"] += 0.03
    frame = compared_with_paper(printed, "table1", [write(tmp_path, "deepseek", rivals)]).frame
    row = frame[
        (frame["family"] == "DeepSeek V1 7B") & (frame["method"] == "vs Control") & (frame["n"] == 3)
    ].iloc[0]
    differences = [1.0, *[4.0] * 7]
    wanted = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    assert (row["ours"], row["ours_units"]) == (pytest.approx(sum(differences) / 8), 8)
    assert (row["ours_low"], row["ours_high"]) == pytest.approx((wanted.low, wanted.high))
    assert row["printed"] != row["ours"]


def test_the_big_model_answers_once_whatever_n_is(tmp_path: Path) -> None:
    frame = compared_with_paper(printed, "table1", [write(tmp_path, "qwen2")]).frame
    rows = frame[(frame["family"] == "Qwen2 7B") & (frame["method"] == "vs Big Model")]
    assert list(rows["ours"]) == pytest.approx([-5.0, 5.0])


def test_means_over_families_wait_for_all_four(tmp_path: Path) -> None:
    label = "AC/DC / Random"
    layouts = [write(tmp_path, family) for family in ("qwen2", "qwen2.5", "qwen3")]
    assert math.isnan(ours("table11", layouts, "mean of 4 families", label, 3)["Average excl. Minerva"])
    layouts.append(write(tmp_path, "deepseek"))
    found = ours("table11", layouts, "mean of 4 families", label, 3)["Average excl. Minerva"]
    assert found == pytest.approx(100 * (0.40 + 0.01 * (sum(range(8)) - OURS.index("minerva_math")) / 7))


def test_an_improvement_is_the_difference_of_its_rows(tmp_path: Path) -> None:
    row = ours("table14", [write(tmp_path, "qwen2.5")], "Qwen2.5 7B", "Improvement", 8)
    assert (row["HumanEval"], row["Average"]) == (pytest.approx(6.0), pytest.approx(6.0))


def test_one_final_answer_is_not_coverage(tmp_path: Path) -> None:
    made = compared_with_paper(printed, "table7", [write(tmp_path, "qwen2")])
    mine = made.frame[(made.frame["source"] == "ours") & (made.frame["n"] > 1)]
    assert mine["GSM8K"].isna().all()
    assert "no final answer was picked by 'published'" in made.notes[-1]


def test_a_missing_benchmark_is_named_and_its_average_withheld(tmp_path: Path) -> None:
    fewer = json.loads(json.dumps(METHODS))
    for entry in fewer:
        for point in entry["coverage"]:
            del point["benchmarks"]["gpqa_judge"]
    layouts = [write(tmp_path, "qwen2", fewer)]
    row = ours("table6", layouts, "Qwen2 7B", "AC/DC", 3)
    assert math.isnan(row["GPQA-judge"])
    assert math.isnan(row["Average"])
    assert row["GSM8K"] == pytest.approx(50.0)
    assert "GPQA-judge: not measured" in compared_with_paper(printed, "table6", layouts).notes[-1]


def test_the_first_place_that_has_a_family_counts_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    here = write(tmp_path / "here", "qwen2")
    there = write(tmp_path / "there", "qwen2", [method("acdc/coverage", "Task force (acdc)", 0.1)])
    assert ours("table6", [here, there], "Qwen2 7B", "AC/DC", 3)["GSM8K"] == pytest.approx(50.0)
    comparison_file(here, "qwen2").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match=r"qwen2\.json: no comparison of this version"):
        compared_with_paper(printed, "table6", [here])


def test_benchmarks_have_the_names_that_the_tables_print() -> None:
    assert {printed_benchmark(name) for name in OURS} == set(names().coverage)
    assert our_benchmark("MMLU-judge", ["mmlu_judge"]) == "mmlu_judge"
    assert our_benchmark("GSM8K", ["minerva_math", "gsm8k_llama"]) == "gsm8k_llama"
    assert our_benchmark("MMLU", ["mmlu_judge"]) is None
