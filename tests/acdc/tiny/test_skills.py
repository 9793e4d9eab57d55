import builtins
import inspect
import re

import numpy as np
import pytest

from acdc.tiny import solvers
from acdc.tiny.skills import (
    CHAINS,
    DOMAINS,
    SKILLS,
    Item,
    chain,
    chain_phrasings,
    item,
    program_cases,
    worded,
)

# By hand, from what each skill says it does.
KNOWN = {
    "reverse": (("abcd",), "dcba", ""),
    "sort": (("cadba",), "aabcd", ""),
    "shift": (("abj",), "bca", ""),
    "text_code": (("skip 2 flip every 3 upper",), "def f(s): return s[2:][::-1][::3].upper()", ""),
    "add": (("31", "24"), "55", ""),
    "subtract": (("31", "24"), "7", ""),
    "total": (("12 30 5",), "47", "12+30=42 42+5=47"),
    "number_code": (("plus 3 times 4 minus 5",), "def f(x): return (x+3)*4-5", ""),
    "evens": (("3 8 5 2 8",), "8 2 8", ""),
    "unique": (("3 8 3 2 8",), "3 8 2", ""),
    "tidy": (("3 8 5 2",), "2 8", "8 2"),
    "choose": (("a)12 b)73 c)50 d)51",), "bd", ""),
}


def test_there_are_four_skills_in_each_of_three_domains() -> None:
    assert list(SKILLS) == list(KNOWN)
    assert [skill.domain for skill in SKILLS.values()] == [domain for domain in DOMAINS for _ in range(4)]


@pytest.mark.parametrize("name", KNOWN)
def test_a_skill_answers_as_worked_out_by_hand(name: str) -> None:
    args, answer, rationale = KNOWN[name]
    asked = worded(SKILLS[name], args, SKILLS[name].phrasings[0])
    assert (asked.answer, asked.rationale) == (answer, rationale)


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("difficulty", range(1, 6))
def test_answers_agree_with_solve_at_every_difficulty(name: str, difficulty: int) -> None:
    rng = np.random.default_rng(difficulty)
    for _ in range(50):
        asked = item(rng, name, difficulty)
        assert asked.answer == SKILLS[name].solve(*asked.args) != ""
        assert any(phrasing.format(*asked.args) == asked.phrase for phrasing in SKILLS[name].phrasings)
        assert all(ord(symbol) < 128 for symbol in asked.phrase + asked.reply)


@pytest.mark.parametrize("name", ["text_code", "number_code"])
def test_the_reference_program_passes_its_own_hidden_tests(name: str) -> None:
    rng = np.random.default_rng(3)
    for difficulty in range(1, 6):
        for _ in range(50):
            asked = item(rng, name, difficulty)
            scope: dict[str, object] = {}
            exec(asked.answer, scope)
            for given, expected in program_cases(rng, SKILLS[name], asked.args):
                assert scope["f"](given) == expected  # type: ignore[operator]


@pytest.mark.parametrize("name", KNOWN)
def test_the_source_of_solve_stands_alone(name: str) -> None:
    scope: dict[str, object] = {"Any": object}
    exec(inspect.getsource(SKILLS[name].solve), scope)
    args, answer, _ = KNOWN[name]
    assert scope[name](*args) == answer  # type: ignore[operator]
    free = SKILLS[name].solve.__code__.co_names
    assert not [n for n in free if hasattr(solvers, n) and not hasattr(builtins, n)]


@pytest.mark.parametrize("pair", CHAINS)
def test_a_chain_applies_the_second_skill_to_what_the_first_returns(pair: tuple[str, str]) -> None:
    first, second = (SKILLS[name] for name in pair)
    both = chain(first, second)
    rng = np.random.default_rng(0)
    for difficulty in (4, 5):
        asked = item(rng, both, difficulty)
        between = first.solve(*asked.args[: first.arity])
        assert asked.answer == second.solve(between, *asked.args[first.arity :])
        assert len(asked.args) == both.arity
    assert both.phrasings == chain_phrasings(first, second)


def test_skills_of_two_domains_do_not_chain() -> None:
    with pytest.raises(ValueError, match="one domain"):
        chain(SKILLS["reverse"], SKILLS["add"])


def test_a_skill_without_programs_has_no_cases() -> None:
    with pytest.raises(ValueError, match="no program"):
        program_cases(np.random.default_rng(0), SKILLS["add"], ("1", "2"))


def test_seen_and_held_out_wordings_are_different_and_every_template_is_seen_somewhere() -> None:
    for skill in SKILLS.values():
        assert len(set(skill.phrasings) | set(skill.held_out)) == 5
    templates = {
        re.sub(skill.word, "OP", phrasing.replace("{0} and {1}", "{0}"))
        for skill in SKILLS.values()
        for phrasing in skill.phrasings
    }
    assert len(templates) == 5


def test_a_reply_ends_in_a_line_that_begins_with_answer_where_there_is_a_rationale() -> None:
    assert Item("x", (), "", "7", "3+4=7").reply == "3+4=7\nAnswer: 7"
    assert Item("x", (), "", "7").reply == "7"
