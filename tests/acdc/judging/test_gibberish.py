"""The offline gibberish judge: what it drops, what it lets pass, and that nothing depends on order."""

from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acdc.errors import NotEnoughDataError
from acdc.judging.gibberish import GibberishSettings, StatisticJudge, entropy, garbled, repetition, shown

PROSE = (
    "The court held that the seller had to deliver, since an offer that names a date can be accepted until that date. "
    "The buyer wrote in time, so a contract was made; the higher price that a third person offered later changes nothing."
)


@dataclass(frozen=True)
class Said:
    text: str
    finish: Literal["stop", "length"] = "stop"


def dropped(*outputs: Said) -> bool:
    return StatisticJudge().judge([outputs])[0].gibberish


def test_prose_code_and_short_answers_pass() -> None:
    assert not dropped(Said(PROSE), Said("def f(s): return s[:3].upper()"), Said("aaaa"))


def test_loops_are_dropped_whatever_their_period() -> None:
    for loop in ("a" * 200, "ab " * 100, "the answer is the answer is " * 20):
        assert dropped(Said(loop), Said(loop), Said(PROSE))


def test_one_bad_output_of_three_is_forgiven() -> None:
    assert not dropped(Said("a" * 200), Said(PROSE), Said(PROSE))


def test_empty_and_undecodable_outputs_are_bad() -> None:
    assert dropped(Said(" \n"), Said("\ufffd\ufffdab"), Said("x"))


def test_an_individual_that_never_ends_is_dropped() -> None:
    assert dropped(*[Said(PROSE, "length")] * 3)
    assert not dropped(Said(PROSE, "length"), Said(PROSE, "length"), Said(PROSE))


def test_no_outputs_are_an_error_and_no_pass() -> None:
    with pytest.raises(NotEnoughDataError, match="without outputs"):
        StatisticJudge().judge([[]])


def test_noise_over_many_characters_is_dropped_where_the_limit_says_so() -> None:
    noise = "".join(chr(0x4E00 + i) for i in range(400))
    strict = StatisticJudge(GibberishSettings(max_entropy=6.0))
    assert strict.judge([[Said(noise)]])[0].gibberish
    assert not dropped(Said(PROSE))


def test_statistics_of_known_texts() -> None:
    assert repetition("abcdabcd") == 1 - 4 / 5  # abcd bcda cdab dabc abcd
    assert entropy("aabb") == 1.0
    assert entropy("abcdabcd") == 2.0
    assert garbled("a\x00\ufffdb") == 0.5


@given(st.text())
def test_statistics_stay_in_their_ranges(text: str) -> None:
    assert 0 <= repetition(text) < 1
    assert 0 <= garbled(text) <= 1
    assert 0 <= entropy(text) <= 21


@given(st.lists(st.text(), min_size=1, max_size=20), st.integers(0, 99))
def test_the_outputs_shown_are_drawn_from_a_stream_and_keep_their_order(texts: list[str], seed: int) -> None:
    answers = [Said(f"{i}{text}") for i, text in enumerate(texts)]
    seen = shown(answers, 3, seed, "i0001")
    assert seen == shown(answers, 3, seed, "i0001")
    assert len(seen) == min(3, len(answers))
    assert [answers.index(one) for one in seen] == sorted(answers.index(one) for one in seen)


def test_verdicts_do_not_depend_on_company() -> None:
    judge = StatisticJudge()
    a, b = [Said("a" * 99)] * 3, [Said(PROSE)] * 3
    assert judge.judge([a, b]) == [judge.judge([a])[0], judge.judge([b])[0]]
