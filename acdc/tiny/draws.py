"""How the inputs of the tiny skills are drawn, at difficulty 1 (short, small) to 5 (long, large).

These functions are the training distribution: whoever draws otherwise is out of it.
"""

import numpy as np

LETTERS = "abcdefghij"

NUMBER_WORDS = ("plus", "minus", "times")
TEXT_WORDS = ("first", "last", "skip", "every", "flip", "upper")
WITHOUT_NUMBER = ("flip", "upper")


def letters(rng: np.random.Generator, difficulty: int) -> tuple[str, ...]:
    """Three to seven letters of a…j."""
    return ("".join(LETTERS[int(i)] for i in rng.integers(0, len(LETTERS), difficulty + 2)),)


def digits(rng: np.random.Generator, difficulty: int) -> tuple[str, ...]:
    """Four to eight digits, at least one of them even."""
    drawn = [int(i) for i in rng.integers(0, 10, difficulty + 3)]
    if all(digit % 2 for digit in drawn):
        drawn[int(rng.integers(len(drawn)))] = 2 * int(rng.integers(5))
    return (" ".join(map(str, drawn)),)


def repeating_digits(rng: np.random.Generator, difficulty: int) -> tuple[str, ...]:
    """Four to eight digits out of a handful of different ones, an even one among them."""
    size = difficulty + 3
    few = [2 * int(rng.integers(5)), *(int(i) for i in rng.integers(0, 10, (size + 1) // 2))]
    drawn = [few[0], *(few[int(i)] for i in rng.integers(0, len(few), size - 1))]
    return (" ".join(str(drawn[int(i)]) for i in rng.permutation(size)),)


def _number(rng: np.random.Generator, size: int) -> int:
    """A number of `size` digits without a leading zero."""
    return int(rng.integers(10 ** (size - 1), 10**size))


def add(rng: np.random.Generator, difficulty: int) -> tuple[str, ...]:
    """Two numbers of 1+1, 2+1, 2+2 (twice) or 3+2 digits."""
    first, second = ((1, 1), (2, 1), (2, 2), (2, 2), (3, 2))[difficulty - 1]
    return str(_number(rng, first)), str(_number(rng, second))


def subtract(rng: np.random.Generator, difficulty: int) -> tuple[str, ...]:
    """As :func:`add`, the larger number first."""
    larger, smaller = sorted(map(int, add(rng, difficulty)), reverse=True)
    return str(larger), str(smaller)


def total(rng: np.random.Generator, difficulty: int) -> tuple[str, ...]:
    """Two to four numbers of one or two digits."""
    sizes = ((1, 1), (1, 1, 1), (2, 1, 1), (2, 2, 1), (2, 2, 2))[difficulty - 1]
    return (" ".join(str(_number(rng, sizes[int(i)])) for i in rng.permutation(len(sizes))),)


def number_code(rng: np.random.Generator, difficulty: int) -> tuple[str, ...]:
    """One to three steps such as "plus 7" or "times 31", described in words."""
    steps = (1, 1, 2, 2, 3)[difficulty - 1]
    top = 10 if difficulty in (1, 3) else 100
    words = rng.integers(0, len(NUMBER_WORDS), steps)
    return (" ".join(f"{NUMBER_WORDS[int(word)]} {rng.integers(2, top)}" for word in words),)


def text_code(rng: np.random.Generator, difficulty: int) -> tuple[str, ...]:
    """One to three steps such as "first 3" or "upper", described in words; no step twice in a row."""
    steps = (1, 2, 2, 3, 3)[difficulty - 1]
    words: list[str] = []
    while len(words) < steps:
        word = TEXT_WORDS[int(rng.integers(len(TEXT_WORDS)))]
        if not words or words[-1] != word:
            words.append(word)
    return (" ".join(word if word in WITHOUT_NUMBER else f"{word} {rng.integers(2, 10)}" for word in words),)


def options(rng: np.random.Generator, difficulty: int) -> tuple[str, ...]:
    """Three to seven options with two-digit numbers, at least one of them over 50."""
    numbers = [_number(rng, 2) for _ in range(difficulty + 2)]
    if all(number <= 50 for number in numbers):
        numbers[int(rng.integers(len(numbers)))] = int(rng.integers(51, 100))
    return (" ".join(f"{letter}){number}" for letter, number in zip("abcdefg", numbers, strict=False)),)


def input_text_code(rng: np.random.Generator) -> str:
    """A text to try a program on: long enough that every step matters."""
    return "".join(LETTERS[int(i)] for i in rng.integers(0, len(LETTERS), int(rng.integers(12, 30))))


def input_number_code(rng: np.random.Generator) -> int:
    """A whole number to try a program on."""
    return int(rng.integers(-99, 1000))
