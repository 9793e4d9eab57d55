"""How numbers are written: percent, points, intervals and p values, the same in every table and sentence."""

import math
import re
from collections.abc import Callable

from acdc.numbers.digits import fixed, in_percent, settled

MINUS = "−"


def percent(value: float | None, digits: int = 1) -> str:
    """A share in [0, 1] as percent without the sign: 0.532 → 53.2; an absent one is a dash."""
    if value is None or math.isnan(value):
        return "–"
    return _signed(in_percent(value, digits))


def points(value: float | None) -> str:
    """A difference of shares in percentage points, always with its sign."""
    if value is None or math.isnan(value):
        return "–"
    return _signed(in_percent(value, plus=True))


def interval(
    value: float | None, low: float | None, high: float | None, show: Callable[[float | None], str]
) -> str:
    """A number with its interval: 53.2 [50.1, 56.3]."""
    if value is None or math.isnan(value):
        return "–"
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return show(value)
    return f"{show(value)} [{show(low)}, {show(high)}]"


def p_value(value: float | None) -> str:
    """A p value with two significant digits, never 0."""
    if value is None or math.isnan(value):
        return "–"
    value = settled(value)
    return "<0.001" if value < 0.001 else fixed(value, 3 if value < 0.1 else 2)


def _signed(text: str) -> str:
    # "-0.0" is printed as 0.0
    return re.sub(r"^-(?=0\.?0*$)", "", text).replace("-", MINUS)
