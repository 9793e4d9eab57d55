import json

import pytest
import typer
from typer.testing import CliRunner

from acdc.errors import InputError
from reproductions.cli.table import REPORT, register
from reproductions.tables.all import all_tables
from tests.reproductions.world import comparison


@pytest.fixture
def invoke(project, monkeypatch):
    monkeypatch.chdir(project.root)
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return lambda *arguments: CliRunner().invoke(app, ["table", *arguments])


@pytest.mark.parametrize(
    ("form", "method"), [("markdown", "markdown"), ("latex", "latex"), ("csv", "csv"), ("html", "html")]
)
def test_a_table_of_the_report_is_printed_in_the_format_asked_for(invoke, form, method):
    made = all_tables(comparison(), (3, 8))["verdicts"]
    result = invoke("verdicts", "--format", form)
    assert result.exit_code == 0
    assert result.output == getattr(made, method)()


def test_without_a_name_every_table_is_listed(invoke):
    names = json.loads(invoke("--json").output)
    assert names["report"] == list(REPORT)
    made = all_tables(
        comparison(), (3, 8)
    )  # generations are there only where `taskforce.generations` asks for them
    assert sorted(made, key=REPORT.index) == [name for name in REPORT if name != "generations"]
    assert "table6" in names["paper"]


def test_a_published_table_needs_no_results(invoke, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = invoke("6", "--format", "latex")
    assert result.exit_code == 0
    assert r"\label{tab:table6}" in result.output


def test_as_json_rows_are_numbers(invoke):
    document = json.loads(invoke("table1", "--json").output)
    assert document["rows"][0]["printed"] == 2.06


@pytest.mark.parametrize(
    "arguments", [["verdict"], ["table3"], ["paper_claims"], ["verdicts", "--family", "none"]]
)
def test_what_is_not_there_is_bad_input(invoke, arguments):
    result = invoke(*arguments)
    assert isinstance(result.exception, InputError)
    assert str(result.exception)


def test_a_near_miss_is_named(invoke):
    assert "did you mean verdicts?" in str(invoke("verdict").exception)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("99", "there is no table 99 in published.csv; there are table1, table2, table6"),
        ("tabel6", "there is no table 'tabel6'; did you mean table6?"),
        ("nosuch", "there is no table 'nosuch'; there are verdicts, benchmarks"),
    ],
)
def test_a_table_that_is_not_there_is_said_with_those_that_are(invoke, name, said):
    assert said in str(invoke(name).exception)
