r"""When two answers are the same answer: "1,000", "$1000" and "1000.0" are, and so are "\frac{1}{2}" and "0.5".

Plain normalisation, exact arithmetic for numbers. Answers that stay different are compared by math-verify too, where it can be
imported, so that "x+1" and "1+x" are one answer.
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
_LONGEST = 4000  # characters; nobody's final answer is longer, and comparing must stay cheap


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


def group(answers: Sequence[str]) -> list[list[int]]:
    """Which answers are one answer.

    Args:
        answers: Extracted answers.

    Returns:
        Groups of positions, in order of their first member.
    """
    forms: dict[str, list[int]] = {}
    for place, answer in enumerate(answers):
        forms.setdefault(normal_form(answer), []).append(place)
    same = _math_verify()
    if same is None or len(forms) < 2:
        return list(forms.values())
    groups: list[tuple[str, list[int]]] = []
    for form, places in forms.items():
        twin = next((mine for other, mine in groups if form and other and same(other, form)), None)
        if twin is None:
            groups.append((form, places))
        else:
            twin += places
    return [sorted(places) for _, places in groups]


def compared_by() -> str:
    """How answers are compared here, for reports."""
    return "plain normalisation" if _math_verify() is None else "plain normalisation, then math-verify"


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
    return lambda first, second: bool(package.verify(package.parse(first), package.parse(second)))
