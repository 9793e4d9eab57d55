"""The section of the report about the published claims, from a real audit."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from acdc.config.config import load
from acdc.errors import InputError
from acdc.storage.layout import Layout
from reproductions.cli.table import AUDIT, register
from reproductions.paper.audit import audit_files
from reproductions.report.page import write_report
from tests.reproductions import world
from tests.reproductions.conftest import PARAMS
from tests.reproductions.report.test_page import Reader


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    root = tmp_path_factory.mktemp("audited")
    (root / "comparison").mkdir()
    (root / "comparison" / "tiny.json").write_text(world.comparison().model_dump_json())
    (root / "results" / "paper").mkdir(parents=True)
    (root / "results" / "paper" / "audit.json").write_text(json.dumps(audit_files()))
    return Layout(root)


@pytest.fixture(scope="module")
def written(audited):
    return write_report(load(PARAMS), audited, ["tiny"])


@pytest.fixture(scope="module")
def section(written):
    page = written[0].read_text(encoding="utf-8")
    return page[page.index('<h2 id="paper">') : page.index("<footer")]


def test_the_section_comes_last_and_is_linked(written):
    reader = Reader()
    reader.feed(written[0].read_text(encoding="utf-8"))
    headings = [attributes["id"] for tag, attributes in reader.tags if tag == "h2"]
    links = [str(attributes["href"])[1:] for tag, attributes in reader.tags if tag == "a"]
    assert headings[-1] == links[-1] == "paper"
    assert not reader.wrong
    assert not reader.open


def test_it_says_what_agrees_and_what_remains_after_the_correction(section):
    assert "<strong>15 of 15 agree</strong>" in section
    assert "13 have p below 0.05" in section
    assert "after Holm's correction over all of them, 1 has." in section
    assert section.count("<tr>") == 1 + 15


def test_it_names_what_claims_rest_on(section):
    assert "<li>K.2.1-pooled-Control-N3: DeepSeek V1 7B, MBPP</li>" in section


def test_every_contradiction_and_observation_is_there_once(section, audited):
    audit = json.loads((audited.root / "results" / "paper" / "audit.json").read_text())
    found = len(audit["contradictions"]) + len(audit["observations"])
    resting = sum(bool(claim["sensitivity"]["rests_on"]) for claim in audit["claims"])
    assert section.count("<li>") == found + resting
    said = sum(item["check"] == "statement" for item in audit["contradictions"])
    assert f"What the text, or a summary of it, says and the tables do not ({said})" in section


def test_its_tables_are_written_as_files(written):
    names = {path.name for path in written}
    assert {f"{name}.{suffix}" for name in AUDIT for suffix in ("csv", "md", "tex")} <= names


def test_without_an_audit_there_is_no_such_section(page: str):
    assert 'id="paper"' not in page


def test_a_damaged_audit_stops_the_report_before_anything_is_written(tmp_path: Path):
    (tmp_path / "comparison").mkdir()
    (tmp_path / "comparison" / "tiny.json").write_text(world.comparison().model_dump_json())
    (tmp_path / "results" / "paper").mkdir(parents=True)
    for text in ("{", "[]", '{"claims": []}'):
        (tmp_path / "results" / "paper" / "audit.json").write_text(text)
        with pytest.raises(InputError, match=r"audit\.json"):
            write_report(load(PARAMS), Layout(tmp_path), ["tiny"])
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize("name", AUDIT)
def test_the_tables_of_the_audit_are_printed_by_name(name, audited, monkeypatch):
    monkeypatch.chdir(audited.root)
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    result = CliRunner().invoke(app, ["table", name, "-f", "latex"])
    assert result.exit_code == 0
    assert rf"\label{{tab:{name}}}" in result.output


def test_an_audit_in_which_nothing_could_be_checked_still_makes_a_section(tmp_path: Path, audited: Layout):
    layout = Layout(tmp_path)
    (tmp_path / "comparison").mkdir()
    (tmp_path / "comparison" / "tiny.json").write_text(world.comparison().model_dump_json())
    audit = json.loads((audited.root / "results" / "paper" / "audit.json").read_text())
    claim = audit["claims"][0] | dict.fromkeys(
        ("agrees", "recomputed", "published_procedure", "tests", "intervals", "calibrated", "sensitivity")
    )
    counts = {
        "claims": 1,
        "agree": 0,
        "differ": 0,
        "cannot be checked": 1,
        "below 0.05 as printed": 1,
        "below 0.05 calibrated and corrected": 0,
    }
    (tmp_path / "results" / "paper").mkdir(parents=True)
    document = {"claims": [claim], "contradictions": [], "observations": [], "summary": counts}
    (tmp_path / "results" / "paper" / "audit.json").write_text(json.dumps(document))
    page = write_report(load(PARAMS), layout, ["tiny"])[0].read_text(encoding="utf-8")
    assert "1 cannot be checked" in page
    assert "Nothing was found." in page
