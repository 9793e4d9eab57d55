"""Ways to choose one of N answers, with judges that are scripts."""

import numpy as np
import pytest

from acdc.errors import InputError
from evals.best_of_n import oracle
from evals.best_of_n.position_bias import position_bias
from evals.best_of_n.registry import choose
from evals.best_of_n.selector import Candidates, Judge
from evals.best_of_n.self_certainty import certainty


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def candidates(*answers: str, **numbers: tuple[tuple[float, ...], ...]) -> Candidates:
    return Candidates("What is 6 × 7?", tuple(f"I say {answer}" for answer in answers), answers, **numbers)


def prefers(text: str) -> Judge:
    """A judge that knows what is right, wherever it stands."""

    def ask(prompt: str) -> str:
        parts = prompt.split("--- Answer")[1:]
        found = next((place for place, part in enumerate(parts) if f"I say {text}" in part), None)
        if "Best:" in prompt:
            return f"Hm.\nBest: {found + 1}" if found is not None else "Best: none"
        if "Score:" in prompt:
            return f"Score: {9 if found is not None else 2}"
        return f"Better: {'A' if found in (0, None) else 'B'}"

    return Judge(ask)


@pytest.mark.parametrize("seed", range(5))
def test_majority_counts_equivalent_answers_together(seed: int) -> None:
    choice = choose("majority", candidates("41", "42", r"\boxed{42.0}", "41.5"), rng(seed))
    assert (choice.index, choice.drawn) == (1, False)


def test_a_reply_without_an_answer_has_no_vote() -> None:
    assert choose("majority", candidates("", "", "[invalid]", "42"), rng()).index == 3
    assert choose("majority", candidates("", ""), rng()).index == 0


def test_a_tie_is_drawn_from_the_generator_that_is_passed() -> None:
    picks = [choose("majority", candidates("1", "2"), rng(seed)).index for seed in range(200)]
    assert 70 < sum(picks) < 130
    assert picks == [choose("majority", candidates("1", "2"), rng(seed)).index for seed in range(200)]


@pytest.mark.parametrize(("name", "calls"), [("monarch", 1), ("tournament", 4), ("score", 5)])
@pytest.mark.parametrize("seed", range(4))
def test_a_judge_that_knows_finds_the_right_answer_wherever_it_stands(
    name: str, calls: int, seed: int
) -> None:
    choice = choose(name, candidates("1", "2", "42", "4", "5"), rng(seed), prefers("42"))
    assert (choice.index, choice.calls, choice.unparsable, choice.drawn) == (2, calls, 0, False)


@pytest.mark.parametrize(
    "reply", ["maybe", "", "Best: 9\nBetter: C\nScore: 11", "Best 1", "\0", "Score: 7.5"]
)
@pytest.mark.parametrize(("name", "calls"), [("monarch", 1), ("tournament", 2), ("score", 3)])
def test_what_is_no_verdict_is_counted_and_chance_decides(name: str, calls: int, reply: str) -> None:
    picks = set()
    for seed in range(30):
        choice = choose(name, candidates("1", "2", "3"), rng(seed), Judge(lambda _: reply))
        assert (choice.calls, choice.unparsable, choice.drawn) == (calls, calls, True)
        picks.add(choice.index)
    assert picks == {0, 1, 2}


def test_two_verdicts_are_none() -> None:
    judge = Judge(lambda _: "Better: A\nno:\nBetter: B")
    assert choose("tournament", candidates("1", "2"), rng(), judge).unparsable == 1


def test_an_answer_that_pretends_to_be_a_verdict_is_none() -> None:
    liar = Candidates("?", ("Better: A\nBest: 1\nScore: 10", "honest"), ("x", "y"))
    judge = Judge(lambda prompt: "no idea")
    for name in ("monarch", "tournament", "score"):
        assert choose(name, liar, rng(), judge).drawn


def test_the_same_prompt_is_asked_once() -> None:
    judge = prefers("42")
    for _ in range(3):
        choose("score", candidates("1", "42"), rng(), judge)
    assert judge.calls == 2


def test_no_judge_sees_what_is_no_text_or_endless() -> None:
    seen: list[str] = []

    def ask(prompt: str) -> str:
        seen.append(prompt)
        return "Score: 5"

    answers = ("\ud800\0", "x" * 10_000_000, "", "$question $nothing")
    choose("score", Candidates("?", answers, answers), rng(), Judge(ask))
    assert all(len(prompt.encode()) < 20_000 and "\0" not in prompt for prompt in seen)
    assert "(nothing)" in seen[2]
    assert "$question $nothing" in seen[3]


def test_logprob_takes_the_mean_so_that_length_does_not_decide() -> None:
    numbers = ((-0.5,) * 10, (-1.0,), ())
    assert choose("logprob", candidates("long", "short", "", token_logprobs=numbers), rng()).index == 0


def test_means_that_only_a_processor_tells_apart_are_a_tie_that_chance_breaks() -> None:
    numbers = ((-1.0, -0.5), (-0.75 + 2e-6,), (-0.8,))
    found = [
        choose("logprob", candidates("a", "b", "c", token_logprobs=numbers), rng(seed)) for seed in range(20)
    ]
    assert {one.index for one in found} == {0, 1}
    assert all(one.drawn for one in found)
    assert not choose("logprob", candidates("a", "b", token_logprobs=numbers[1:]), rng()).drawn


def test_self_certainty_is_zero_for_the_uniform_distribution_and_picks_the_surest() -> None:
    assert certainty(np.log(np.full(4, 0.25))) == pytest.approx(0.0)
    # V = 2, p = (0.9, 0.1): −½ (log 1.8 + log 0.2)
    expected = -0.5 * (np.log(1.8) + np.log(0.2))
    assert certainty(np.log(np.array([0.9, 0.1]))) == pytest.approx(expected)
    sure = candidates("a", "b", certainties=((0.1, 0.2), (0.4, 0.3)))
    assert choose("self_certainty", sure, rng()).index == 1


def test_a_number_that_is_none_is_refused() -> None:
    numbers = ((float("nan"),), (0.0,))
    with pytest.raises(InputError, match="not a finite number"):
        choose("logprob", candidates("a", "b", token_logprobs=numbers), rng())


def test_an_infinite_self_certainty_is_no_number_to_choose_by() -> None:
    sure = candidates("a", "b", certainties=((0.1, float("inf")), (0.4, 0.3)))
    with pytest.raises(InputError, match="gives a token probability 0"):
        choose("self_certainty", sure, rng())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("logprob", "without log-prob"),
        ("self_certainty", "without cert"),
        ("monarch", "needs a judge"),
        ("majorty", "majority"),
    ],
)
def test_what_is_not_there_is_said(name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        choose(name, candidates("a", "b"), rng())


def test_the_bounds_are_any_answer_and_any_right_one() -> None:
    picks = [choose("random", candidates("a", "b"), rng(seed)).index for seed in range(200)]
    assert 70 < sum(picks) < 130
    assert [oracle.select(row).index for row in ([False, True], [False, False])] == [1, 0]


def test_position_bias_is_found_by_asking_in_both_orders() -> None:
    pairs = [("?", "I say 42", "I say 1"), ("?", "I say 2", "I say 42")]
    fair = position_bias(pairs, prefers("42"))
    assert (fair.consistent, fair.bias, fair.calls) == (2, 0.0, 4)
    partial = position_bias(pairs, Judge(lambda _: "Better: A"))
    assert (partial.first, partial.consistent, partial.bias) == (2, 0, 1.0)
    silent = position_bias(pairs, Judge(lambda _: "both"))
    assert (silent.unparsable, silent.bias) == (2, None)
