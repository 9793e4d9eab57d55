import numpy as np
import pytest

from evals.benchmarks.tiny.generator import SHIFTS, rows
from evals.benchmarks.tiny.guessing import forms, guess_rates, informed_guess


def record(skill: str, args: list[str], answer: str) -> dict[str, object]:
    return {"skill": skill, "args": args, "answer": answer}


def test_permuting_three_different_letters_is_right_once_in_six_and_always_at_eight_tries() -> None:
    rates = guess_rates([record("reverse", ["abc"], "cba")] * 20, [], rounds=100)
    assert rates["informed_1"] == pytest.approx(1 / 6, abs=0.03)
    assert rates["informed_8"] == 1.0


def test_a_part_of_seven_options_is_right_once_in_127() -> None:
    options = "a)10 b)11 c)12 d)13 e)14 f)15 g)99"
    rates = guess_rates([record("choose", [options], "g")] * 50, [], rounds=200)
    assert rates["informed_1"] == pytest.approx(1 / 127, abs=0.003)
    assert rates["informed_8"] == pytest.approx(8 / 127, abs=0.008)


def test_blind_guessers_give_what_was_common_elsewhere() -> None:
    here = [record("add", ["1", "2"], "3"), record("add", ["2", "5"], "7")]
    elsewhere = [record("add", ["1", "2"], answer) for answer in ["3", "3", "3", *"7788"]]
    rates = guess_rates(here, elsewhere, rounds=1)
    assert (rates["blind_1"], rates["blind_8"]) == (0.5, 1.0)


@pytest.mark.parametrize(
    ("skill", "args", "count"),
    [
        ("reverse", ["aabbc"], 30),  # 5! / (2! 2!)
        ("shift", ["aba"], 81),  # 9 for each of two letters
        ("unique", ["1 2 1 3"], 6),
        ("evens", ["1 2 3"], 7),
        ("evens", ["1 1"], 2),  # "1" and "1 1"
        ("tidy", ["4 4 6"], 5),  # up to two 4s and one 6, not none
        ("choose", ["a)1 b)2 c)3"], 7),
        ("subtract", ["70", "8"], 70),
        ("add", ["70", "80"], 80),
        ("total", ["70 80 3"], 160),
    ],
)
def test_answers_of_a_form_are_counted_as_by_hand(skill: str, args: list[str], count: int) -> None:
    assert forms(skill, args) == count


@pytest.mark.parametrize("benchmark", SHIFTS)
def test_a_guess_has_the_form_of_an_answer(benchmark: str) -> None:
    """The same symbols, for strings each as often, and programs that compile."""
    rng = np.random.default_rng(0)
    for row in rows(benchmark, 0, 12):
        guess = informed_guess(rng, row["skill"], row["args"])
        if row["skill"] in ("reverse", "sort"):
            assert sorted(guess) == sorted(row["answer"])
        elif row["skill"].endswith("_code"):
            assert guess.startswith(row["answer"][:16])
            compile(guess, "guess", "exec")
        else:
            assert set(guess) <= set("abcdefghij 0123456789")


def test_rates_are_the_same_at_every_call() -> None:
    questions, others = rows("tiny_programs", 0, 8), rows("tiny_programs", 1, 8)
    assert guess_rates(questions, others, rounds=3) == guess_rates(questions, others, rounds=3)
