import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from acdc.config.config import load
from acdc.parsing.yaml import read_yaml
from acdc.storage.layout import Layout
from reproductions.report.page import write_report
from reproductions.text.templates import FOLDER
from tests.reproductions import world
from tests.reproductions.conftest import PARAMS

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Reader(HTMLParser):
    """Every tag with its attributes, and whether tags close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.fixture(scope="module")
def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def test_the_page_refers_to_nothing_outside_itself(page: str, read: Reader) -> None:
    for tag, attributes in read.tags:
        for name in ("src", "href", "srcset", "xlink:href", "action", "data", "poster"):
            assert (attributes.get(name) or "#").startswith("#"), (tag, attributes)
        assert tag not in {"link", "iframe", "object", "embed", "base", "img"}
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    script = page[page.rindex("<script>") :]
    assert not re.search(r"fetch|XMLHttpRequest|import\(|WebSocket|https?:", script)


def test_every_section_is_there_in_order_and_linked(read: Reader) -> None:
    sections = list(read_yaml((FOLDER / "sections.yaml").read_text(encoding="utf-8")))
    headings = [attributes["id"] for tag, attributes in read.tags if tag == "h2"]
    links = [
        str(attributes["href"])[1:]
        for tag, attributes in read.tags
        if tag == "a" and attributes["href"] != "#main"
    ]
    assert headings == links == sections


def test_tags_close_in_order_and_ids_are_unique(read: Reader) -> None:
    ids = [attributes["id"] for _, attributes in read.tags if attributes.get("id")]
    assert not read.wrong
    assert not read.open
    assert len(ids) == len(set(ids))


def test_what_models_wrote_is_shown_and_never_run(page: str, read: Reader) -> None:
    assert "&lt;script&gt;alert(" in page
    assert sum(tag == "script" for tag, _ in read.tags) == 1
    assert not any(name.startswith("on") for _, attributes in read.tags for name in attributes)


def test_figures_speak_and_wide_things_scroll_in_their_box(read: Reader) -> None:
    assert all(attributes.get("aria-label") for tag, attributes in read.tags if tag == "svg")
    regions = [attributes for _, attributes in read.tags if attributes.get("role") == "region"]
    assert all(region.get("aria-label") and region.get("tabindex") == "0" for region in regions)
    assert sum(tag == "table" for tag, _ in read.tags) <= len(regions)


def test_the_page_is_small(page: str) -> None:
    assert len(page.encode()) < 3_000_000


def test_the_same_results_give_the_same_page_and_nothing_else_is_left_behind(
    project: Layout, page: str
) -> None:
    written = write_report(load(PARAMS), project, ["tiny"])
    assert written[0].read_text(encoding="utf-8") == page
    assert sorted(path for path in (project.root / "report").rglob("*") if path.is_file()) == sorted(written)


def test_reading_runs_for_a_report_leaves_no_trace(project: Layout, page: str) -> None:
    names = {path.name for path in (project.root / "runs").rglob("*") if path.is_file()}
    assert names == {"run.sqlite", "journal.sqlite"}


def test_a_variant_that_changed_nothing_is_named_and_no_other(page: str) -> None:
    assert re.findall(r"(\w+) chose the very same models", page) == ["no_gibberish_filter"]


def test_a_losing_task_force_is_reported_as_losing(tmp_path: Path) -> None:
    layout = world.project(tmp_path, offset=-0.2, generations=2, variants=("acdc",))
    page = write_report(load(PARAMS), layout, ["tiny"])[0].read_text(encoding="utf-8")
    assert "ahead of none" in page
    assert "loses to" in page
    assert "does better than evolution" in page
    assert "verdict task-force-ahead" not in page


def test_a_comparison_without_its_runs_still_makes_a_page(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    (tmp_path / "comparison").mkdir()
    (tmp_path / "comparison" / "tiny.json").write_text(world.comparison().model_dump_json())
    page = write_report(load(PARAMS), layout, ["tiny"])[0].read_text(encoding="utf-8")
    assert "The runs are not on this machine" in page


def test_the_audit_of_the_measurement_is_told_with_its_numbers(page: str) -> None:
    section = page[page.index('id="audit"') :]
    assert "60 answerers read the same prompt on each of 192 questions" in section
    assert "asked 2026-11-19 to 2026-11-20: 192 answers with 19,200 + 3,840 tokens" in section
    assert all(f'id="table-{name}"' in section for name in ("cut_off", "leaks", "leak_gains", "judged"))


def test_without_an_audit_the_page_says_how_to_get_one(tmp_path: Path) -> None:
    layout = world.project(tmp_path, generations=2, variants=("acdc",))
    (tmp_path / "audit" / "tiny.json").unlink()
    page = write_report(load(PARAMS), layout, ["tiny"])[0].read_text(encoding="utf-8")
    assert "<code>acdc audit</code> does it" in page
