r"""When two answers are the same answer: "1,000", "$1000" and "1000.0" are, and so are "\frac{1}{2}" and "0.5".

Plain normalisation, exact arithmetic for numbers. Answers that stay different and look like mathematics are compared by math-verify
too, where it can be imported, so that "x+1" and "1+x" are one answer. It is asked once for each pair of texts.
"""

import functools
import importlib
import re
import unicodedata
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

_WRAPPERS = re.compile(r"\\(?:text|mathrm|mathbf|textbf|boxed|fbox)\s*\{([^{}]*)\}")
_FRACTION = re.compile(r"\\[dt]?frac\s*(?:\{([^{}]*)\}|(\d))\s*(?:\{([^{}]*)\}|(\d))")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:\s*/\s*\d+(?:\.\d+)?)?")
_MATHEMATICAL = re.compile(r"[0-9\\^=+*/(]")
_NO_FORMULA = re.compile(
    r"\d\s+[a-z\d\\]|(?<![\\a-z])[a-z]{3}|\n"
)  # "2 3" is a list to us and a sum to a parser; words are none
_LONGEST_FORMULA = 300  # characters; beyond, an answer is prose, and parsing prose costs seconds
_LONGEST = 4000  # characters; nobody's final answer is longer, and comparing must stay cheap


@functools.lru_cache(maxsize=65536)
def normal_form(answer: str) -> str:
    """A text that equal answers share.

    Args:
        answer: An extracted answer; a letter, a number, a formula, a word, a program.

    Returns:
        Numbers as fractions in lowest terms; other texts without LaTeX wrappers, currency signs, closing points, and
        differences of case and space. Empty where there is no answer.
    """
    text = unicodedata.normalize("NFKC", answer[:_LONGEST]).replace("−", "-").strip()
    text = text.replace("\\!", "").replace("\\,", "").replace("\\$", "$").replace("\\%", "%")
    for _ in range(4):  # wrappers in wrappers
        text = _WRAPPERS.sub(r"\1", text)
    text = _FRACTION.sub(lambda found: f"{found[1] or found[2]}/{found[3] or found[4]}", text)
    text = text.strip().strip("$").strip()
    text = re.sub(r"^\(\s*([A-Za-z])\s*\)\.?$", r"\1", text)
    text = re.sub(r"[\s.]+$", "", text)
    number = _THOUSANDS.sub("", text)
    if _NUMBER.fullmatch(number):
        return _lowest_terms(number)
    return " ".join(text.split()).casefold()


def group(answers: Sequence[str], maths: bool | None = None) -> list[list[int]]:
    """Which answers are one answer.

    Args:
        answers: Extracted answers.
        maths: Whether they are mathematics, and so compared by math-verify where it can be imported; None: those that look like it.

    Returns:
        Groups of positions, in order of their first member.
    """
    forms: dict[str, list[int]] = {}
    for place, answer in enumerate(answers):
        forms.setdefault(normal_form(answer), []).append(place)
    if maths is False or len(forms) < 2 or _math_verify() is None:
        return list(forms.values())
    groups: list[tuple[str, list[int]]] = []
    for form, places in forms.items():
        twin = next((mine for other, mine in groups if _one_formula(other, form)), None)
        if twin is None:
            groups.append((form, places))
        else:
            twin += places
    return [sorted(places) for _, places in groups]


def _one_formula(first: str, second: str) -> bool:
    """Whether math-verify finds two normal forms equal; numbers were decided exactly before, and prose is nothing for it."""
    for form in (first, second):
        if len(form) > _LONGEST_FORMULA or _NO_FORMULA.search(form) or not _MATHEMATICAL.search(form):
            return False
    if _NUMBER.fullmatch(first) and _NUMBER.fullmatch(second):
        return False
    return _verified(first, second)


@functools.lru_cache(maxsize=65536)
def _verified(first: str, second: str) -> bool:
    same = _math_verify()
    return same is not None and same(first, second)


def compared_by(maths: bool = True) -> str:
    """How answers are compared here, for reports; `maths`: whether any of them may be mathematics."""
    return (
        "plain normalisation, then math-verify"
        if maths and _math_verify() is not None
        else "plain normalisation"
    )


def _lowest_terms(number: str) -> str:
    top, _, bottom = number.replace(" ", "").partition("/")
    value = Fraction(top)
    if bottom:
        if Fraction(bottom) == 0:
            return number
        value /= Fraction(bottom)
    return str(value)


@functools.cache
def _math_verify() -> Callable[[str, str], bool] | None:
    try:
        package: Any = importlib.import_module("math_verify")
    except ImportError:
        return None
    return lambda first, second: bool(
        package.verify(package.parse(f"${first}$"), package.parse(f"${second}$"))
    )
