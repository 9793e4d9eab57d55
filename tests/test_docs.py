"""Pages in docs/: what they link to and the files that they name exist."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
FLOORS = ("acdc", "evals", "reproductions")
PAGES = sorted((PROJECT / "docs").glob("*.md"))
NAMED = re.compile(r"`((?:acdc|evals|reproductions|tests|docs|examples)/[\w./-]+)`")
WRITTEN = {
    "reproductions/tiny/table.json",
    "reproductions/tiny/answers.jsonl.gz",
}  # by `acdc verify tiny --write`
QUESTIONS = re.compile(r"^\| (\d+)\. ", flags=re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_and_every_named_file_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)
    missing = [target for target in links if not (page.parent / target).exists()]
    missing += [name for name in NAMED.findall(text) if not (PROJECT / name).exists() and name not in WRITTEN]
    assert missing == []


def test_the_architecture_answers_25_questions_and_names_every_room() -> None:
    text = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert [int(number) for number in QUESTIONS.findall(text)] == list(range(1, 26))
    rooms = text.partition("## The rooms")[2].partition("## The way of the data")[0]
    doors = [door for floor in FLOORS for door in (PROJECT / floor).glob("*/__init__.py")]
    assert {door.parent.name for door in doors} - set(re.findall(r"\w+", rooms)) == set()


def test_the_glossary_has_every_term_once() -> None:
    text = (PROJECT / "docs" / "glossary.md").read_text(encoding="utf-8")
    terms = re.findall(r"^\| ([^|]+?) \|", text.partition("## Former words")[0], flags=re.MULTILINE)
    terms = [term for term in terms if term not in ("term", "---")]
    assert len(terms) == len(set(terms)) > 50
