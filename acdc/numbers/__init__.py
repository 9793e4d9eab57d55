"""Numbers that no processor decides: how they are rounded when shown, added without rounding, and how close they came.

Promises: equal inputs give equal bits, whatever kernels the libraries choose.
Door: digits.py (what is shown or held against a threshold), exact.py (sums and products), margins.py (close decisions, for diagnosis).
"""

__all__ = ["digits", "exact", "margins"]
