import math
import os
from html.parser import HTMLParser
from pathlib import Path

import pytest
from scipy import stats

from acdc.errors import InputError
from reproductions.paper.printed_tables import Print, normal_name

GOLDEN = Path(__file__).parents[1] / "golden"
printed = Print.read()


@pytest.mark.parametrize("suffix", ["md", "tex", "csv"])
@pytest.mark.parametrize("name", ["table1", "table10", "table14"])
def test_a_published_table_reads_as_it_did_when_it_was_checked(name, suffix, tmp_path):
    printed.table(name).write(tmp_path)
    written = (tmp_path / f"{name}.{suffix}").read_text(encoding="utf-8")
    golden = GOLDEN / f"{name}.{suffix}"
    if os.environ.get("ACDC_WRITE_GOLDEN"):
        golden.write_text(written, encoding="utf-8")
    assert written == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", printed.names())
def test_every_table_is_written_in_four_formats_with_a_line_for_every_row(name):
    table = printed.table(name)
    rows = len(table.frame)
    assert rows
    assert table.csv().count("\n") == rows + 1
    assert table.latex().count(r"\toprule") == table.latex().count(r"\bottomrule") == 1
    HTMLParser().feed(table.html())
    assert table.html().count("<tr") == rows + 1 + table.frame[table.group].nunique()
    assert "nan" not in table.markdown()


def test_the_tables_that_the_audit_is_about_are_all_there():
    wanted = {f"table{n}" for n in (1, 2, 6, 7, 10, 11, 12, 14, 15, 16)}
    assert wanted <= set(printed.names())


def test_a_difference_is_recomputed_from_its_benchmarks_with_the_t_interval():
    frame = printed.table("table1").frame
    row = frame[
        (frame["family"] == "DeepSeek V1 7B") & (frame["method"] == "vs Control") & (frame["n"] == 3)
    ].iloc[0]
    scores = printed.table("table6").frame
    mine = scores[(scores["family"] == "DeepSeek V1 7B") & (scores["n"] == 3)].set_index("method")
    names = [
        "MMLU-judge",
        "MMLU-Pro-judge",
        "GPQA-judge",
        "BBH-judge",
        "GSM8K",
        "Minerva-MATH",
        "HumanEval",
        "MBPP",
    ]
    differences = [mine.loc["AC/DC", name] - mine.loc["Control", name] for name in names]
    interval = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    assert row["recomputed"] == pytest.approx(sum(differences) / 8)
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert row["verdict"] == "agrees"


def test_what_does_not_follow_from_its_tables_is_set_off():
    frame = printed.table("table2").frame
    rows = frame[frame["method"] == "vs GPT-4o"]
    assert set(rows["verdict"]) == {"differs"}
    assert set(frame[frame["method"] != "vs GPT-4o"]["verdict"]) <= {"agrees", "differs"}


def test_a_score_has_the_interval_of_its_questions():
    frame = printed.table("table6").frame
    row = frame[(frame["family"] == "Qwen2 7B") & (frame["method"] == "Big Model")].iloc[0]
    found = stats.binomtest(13, 298).proportion_ci(method="wilson")
    assert (row["GPQA-judge_low"] / 100, row["GPQA-judge_high"] / 100) == pytest.approx(
        (found.low, found.high), abs=1e-4
    )
    assert math.isnan(row["Average_low"])
    assert row["recomputed"] == pytest.approx(row["Average"], abs=0.006)


def test_a_table_that_is_not_in_the_file_is_refused_with_those_that_are():
    with pytest.raises(InputError, match="there are table1, table2, table6"):
        printed.table("table3")
    with pytest.raises(InputError, match=r"table4: .* 6 numbers of it, of which none is a method's score"):
        printed.table("table4")


@pytest.mark.parametrize(
    ("name", "normal"), [("6", "table6"), ("Table 06", "table6"), ("verdicts", "verdicts"), ("", "")]
)
def test_tables_have_the_names_that_people_give_them(name, normal):
    assert normal_name(name) == normal
