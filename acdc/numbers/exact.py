"""Sums and products of matrices that no order of adding can change.

A processor adds the terms of a matrix product in the order that suits its kernels, and every order rounds differently. Where all terms
are whole multiples of one power of two, and few enough, nothing is rounded at all: then every kernel, every number of threads, and fused
multiply-add give the same bits.
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_BITS = 52  # of a float64 after its first
_SMALLEST = -1074  # exponent of the smallest float64
_HIGH, _LOW = 2.0**26, 2.0**46


def on_grid(values: Floats, terms: int) -> Floats:
    """The values as multiples of a power of two, so that `terms` of them add up without rounding, in any order.

    Args:
        values: Any shape, finite.
        terms: Most values in a sum, a value that is counted twice being two.

    Returns:
        A fresh array; each value has moved by at most ``2⁻⁵¹ · terms`` of the largest one.
    """
    largest = float(np.abs(values).max(initial=0.0))
    exponent = math.frexp(largest)[1] + max(1, terms).bit_length() - _BITS
    if not largest or exponent <= _SMALLEST:  # whole multiples of the smallest number that there is
        return np.array(values, dtype=np.float64)
    step = math.ldexp(1.0, exponent)
    grid: Floats = np.round(np.asarray(values, dtype=np.float64) / step) * step
    return grid


def cosines(rows: Floats, columns: Floats) -> Floats:
    """(A, B) products of unit rows with unit rows, at nine places after the point, the same bits on every processor.

    Args:
        rows: (A, dimensions) unit rows, at most 2¹⁶ dimensions.
        columns: (B, dimensions) unit rows.
    """
    # Each number is a multiple of 2⁻²⁶ plus a small multiple of 2⁻⁴⁶; all products but that of two small ones, below 10⁻¹¹, are exact.
    (high, low), (other_high, other_low) = _halves(rows), _halves(columns)
    products: Floats = high @ other_high.T + (high @ other_low.T + low @ other_high.T)
    return np.round(products, 9)


def _halves(values: Floats) -> tuple[Floats, Floats]:
    high = np.round(values * _HIGH) / _HIGH
    return high, np.round((values - high) * _LOW) / _LOW
