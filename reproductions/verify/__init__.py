"""Expected numbers, and whether what was measured lies within their tolerance (`acdc verify`).

Promises: a tolerance comes from the spread between families or from print, never from what was measured here.
Door: expected.py (`Expected`), paper.py (expected numbers from the printed ones), exact.py and exact_report.py (shipped
weights: equal digit for digit).
"""

__all__ = ["exact", "exact_report", "expected", "paper"]
