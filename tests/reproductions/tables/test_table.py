import csv
import io

import pandas as pd
import pytest

from reproductions.tables.table import Column, Table
from reproductions.text.numbers import interval, p_value, percent, points


def table(name: str = "a & b_c | <d>", value: float | None = 0.5) -> Table:
    frame = pd.DataFrame([{"name": name, "value": value, "block": "N = 8", "ours": True}])
    columns = [
        Column("Name", lambda row: row["name"], "left"),
        Column("Value, %", lambda row: percent(row["value"])),
    ]
    return Table("t", "100% of\nit", frame, columns, ["Note."], group="block", emphasis="ours")


def test_a_share_is_shown_in_percent_and_an_absent_one_as_a_dash() -> None:
    assert [percent(0.5324), percent(None), percent(float("nan")), percent(-0.00001)] == [
        "53.2",
        "–",
        "–",
        "0.0",
    ]


def test_a_difference_always_has_its_sign_and_a_real_minus() -> None:
    assert [points(0.041), points(-0.041), points(0.0)] == ["+4.1", "−4.1", "+0.0"]


def test_a_number_is_shown_with_its_interval() -> None:
    assert interval(0.041, -0.01, 0.09, points) == "+4.1 [−1.0, +9.0]"


@pytest.mark.parametrize(("value", "shown"), [(0.0, "<0.001"), (0.0123, "0.012"), (0.5, "0.50"), (None, "–")])
def test_a_p_value_is_never_zero(value: float | None, shown: str) -> None:
    assert p_value(value) == shown


def test_markdown_escapes_what_would_end_a_cell_or_begin_markup() -> None:
    assert "| **a & b\\_c \\| \\<d\\>** | 50.0 |" in table().markdown()


def test_latex_escapes_what_latex_would_read() -> None:
    text = table().latex()
    assert r"\textbf{a \& b\_c | \textless{}d\textgreater{}} & 50.0 \\" in text
    assert r"\caption{100\% of" in text


def test_html_escapes_everything_that_is_not_a_tag_of_the_table() -> None:
    text = table("<script>x</script>").html()
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_csv_keeps_numbers_unrounded_and_absent_ones_empty() -> None:
    rows = list(csv.DictReader(io.StringIO(table(value=1 / 3).csv())))
    assert float(rows[0]["value"]) == pytest.approx(1 / 3, abs=1e-9)
    assert next(iter(csv.DictReader(io.StringIO(table(value=None).csv()))))["value"] == ""
