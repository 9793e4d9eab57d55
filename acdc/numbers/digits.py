"""One rule for every number that is shown or held against a threshold: what a processor rounds must not show.

Two machines may compute one number with different last bits, in the sixteenth significant digit. A number that lies exactly halfway
between two that could be printed, or exactly on a threshold, would then be printed, or decided, in two ways. So:

- *Shown* numbers are first rounded to nine places after the point (to fourteen significant digits where significant digits are shown),
  and then to what is shown; a half goes to the even digit (6.25 → 6.2, 6.35 → 6.4), as Python, NumPy and IEEE 754 have it.
- *Compared* numbers are first rounded to twelve significant digits (:func:`settled`).
- *Differences* of at most 10⁻⁹ are ties (:data:`TIE`, :func:`sign`): shares of fewer than ten thousand questions are never that close
  unless they are equal.

docs/bits.md lists where each rule is used.
"""

import math
from decimal import ROUND_HALF_EVEN, Context, Decimal

TIE = 1e-9
"""Differences of shares up to this are none."""
_SETTLED, _SHOWN = 12, 14  # significant digits
_CONTEXT = Context(prec=400)  # more digits than a float has before and after its point
_NINE_PLACES = Decimal("1e-9")


def settled(value: float) -> float:
    """The value at twelve significant digits, so that equal numbers are equal whatever their last bits are."""
    return float(f"{value:.{_SETTLED - 1}e}")


def sign(difference: float) -> int:
    """−1, 0 or 1; 0 for a tie."""
    return 0 if abs(difference) <= TIE else 1 if difference > 0 else -1


def fixed(value: float, places: int, *, plus: bool = False, group: bool = False) -> str:
    """The value with so many places after the point: what ``f"{value:.2f}"`` gives, by the rule above.

    Args:
        value: Any number; infinities and nan as Python writes them.
        places: At most nine.
        plus: Whether numbers from 0 on have a plus sign.
        group: Whether thousands are set apart by commas.
    """
    form = f"{'+' if plus else ''}{',' if group else ''}.{places}f"
    if not math.isfinite(value):
        return f"{value:{form}}"
    near = Decimal(float(value)).quantize(_NINE_PLACES, ROUND_HALF_EVEN, _CONTEXT)
    if not near:
        near = abs(near)  # a zero has no sign
    shown = near.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN, _CONTEXT)
    return f"{shown:{form}}"


def rounded(value: float, places: int) -> float:
    """The number that :func:`fixed` shows."""
    return float(fixed(value, places))


def in_percent(share: float, places: int = 1, *, plus: bool = False) -> str:
    """A share as percent, without the sign for percent: 0.532 → 53.2."""
    return fixed(100 * share, places, plus=plus)


def significant(value: float, digits: int) -> str:
    """The value with so many significant digits: what ``f"{value:.3g}"`` gives, by the rule above."""
    return f"{float(f'{value:.{_SHOWN - 1}e}'):.{digits}g}"
