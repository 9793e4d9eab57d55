"""How often guessing is right on the tiny suite, at one try and at eight different ones.

*Blind*: whoever has not read the question gives the commonest answers of the benchmark (counted on other questions of
the same making). *Informed*: whoever reads it and knows the form of the answer, but not how to
find it, gives random answers of that form: a permutation of the letters, a subsequence of the list, a sum between the
largest number and what is possible, the steps of a program in random order with random operations.
"""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import compress, product
from typing import Any

import numpy as np

from acdc.streams import stream
from acdc.tiny.draws import NUMBER_WORDS, TEXT_WORDS, WITHOUT_NUMBER
from acdc.tiny.skills import SKILLS

TRIES = (1, 8)
ROUNDS = 40


def guess_rates(
    records: Sequence[dict[str, Any]], others: Sequence[dict[str, Any]], rounds: int = ROUNDS
) -> dict[str, float]:
    """Expected accuracy of guessing.

    Args:
        records: Questions of one benchmark, with `answer`, `skill` and `args`.
        others: More questions of the same making, from which a blind guesser learns what is common.
        rounds: Simulated informed guessers for each question.

    Returns:
        `blind_1`, `blind_8`, `informed_1`, `informed_8` as shares of the questions, and `informed_8_error`, the Monte
        Carlo standard error of the last.
    """
    common = [answer for answer, _ in Counter(other["answer"] for other in others).most_common(max(TRIES))]
    rates = {
        f"blind_{n}": float(np.mean([record["answer"] in common[:n] for record in records])) for n in TRIES
    }
    hits = {n: np.zeros(len(records)) for n in TRIES}
    for index, record in enumerate(records):
        rng = stream(0, "guessing", record["skill"], *record["args"])
        for _ in range(rounds):
            made = _different(rng, record["skill"], record["args"], max(TRIES))
            for n in TRIES:
                hits[n][index] += record["answer"] in made[:n]
    rates |= {f"informed_{n}": float(hits[n].mean() / rounds) for n in TRIES}
    share = hits[max(TRIES)] / rounds
    error = float(np.sqrt((share * (1 - share) / rounds).mean() / len(records)))
    return rates | {"informed_8_error": error}


def forms(skill: str, args: Sequence[str]) -> int:
    """How many different answers an informed guesser has to choose from, roughly; programs are not counted (1000)."""
    text = args[0]
    if skill in ("reverse", "sort"):
        repeated = [math.factorial(n) for n in Counter(text).values()]
        return math.factorial(len(text)) // math.prod(repeated)
    if skill == "shift":
        return int(9 ** len(set(text)))
    if skill == "unique":
        return math.factorial(len(set(text.split())))
    if skill == "tidy":
        return math.prod(n + 1 for n in Counter(text.split()).values()) - 1
    if skill == "evens":
        parts = text.split()
        return len({tuple(compress(parts, mask)) for mask in product((0, 1), repeat=len(parts))}) - 1
    if skill == "choose":
        return int(2 ** len(text.split()) - 1)
    if skill in ("text_code", "number_code"):
        return 1000
    numbers = [int(number) for arg in args for number in arg.split()]
    return numbers[0] if skill == "subtract" else max(numbers) * (len(numbers) - 1)


def _different(rng: np.random.Generator, skill: str, args: Sequence[str], n: int) -> list[str]:
    """Up to `n` different guesses; fewer where the form allows no more."""
    made: list[str] = []
    for _ in range(20 * n):
        guess = informed_guess(rng, skill, args)
        if guess not in made:
            made.append(guess)
        if len(made) == n:
            break
    return made


def informed_guess(rng: np.random.Generator, skill: str, args: Sequence[str]) -> str:
    """One answer of the right form."""
    text = args[0]
    if skill in ("reverse", "sort"):
        return "".join(text[int(i)] for i in rng.permutation(len(text)))
    if skill == "shift":  # knows that every letter becomes another one, and that equal ones stay equal
        others = {
            letter: rng.choice([o for o in "abcdefghij" if o != letter]) for letter in sorted(set(text))
        }
        return "".join(others[letter] for letter in text)
    if skill in ("evens", "tidy"):
        return _some(rng, text.split(), in_order=skill == "tidy")
    if skill == "unique":
        found = sorted(set(text.split()))
        return " ".join(found[int(i)] for i in rng.permutation(len(found)))
    if skill == "choose":
        return _some(rng, [option[0] for option in text.split()]).replace(" ", "")
    if skill in ("text_code", "number_code"):
        return _program(rng, skill, text)
    return str(_number(rng, skill, [int(number) for arg in args for number in arg.split()]))


def _some(rng: np.random.Generator, parts: list[str], in_order: bool = False) -> str:
    """A random part of the parts, never empty."""
    while True:
        kept = [part for part, keep in zip(parts, rng.random(len(parts)) < 0.5, strict=True) if keep]
        if kept:
            return " ".join(sorted(kept) if in_order else kept)


def _number(rng: np.random.Generator, skill: str, numbers: list[int]) -> int:
    if skill == "subtract":
        return int(rng.integers(0, numbers[0]))
    largest, others = max(numbers), len(numbers) - 1
    return int(rng.integers(largest + 1, largest * (1 + others) + 1))


def _program(rng: np.random.Generator, skill: str, spec: str) -> str:
    """The numbers of the question in random order, among random operations."""
    words = spec.split()
    steps = len([word for word in words if not word.isdigit()])
    numbers = [word for word in words if word.isdigit()]
    numbers = [numbers[int(i)] for i in rng.permutation(len(numbers))]
    if skill == "number_code":
        return SKILLS[skill].solve(" ".join(f"{rng.choice(NUMBER_WORDS)} {number}" for number in numbers))
    with_number = [word for word in TEXT_WORDS if word not in WITHOUT_NUMBER]
    guess = [f"{rng.choice(with_number)} {number}" for number in numbers]
    guess += [str(rng.choice(WITHOUT_NUMBER)) for _ in range(steps - len(numbers))]
    return SKILLS[skill].solve(" ".join(guess[int(i)] for i in rng.permutation(len(guess))))
