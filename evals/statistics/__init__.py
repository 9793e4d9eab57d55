"""Resampling and power: intervals over questions, benchmarks, runs and families.

Promises: pure functions of arrays; every draw comes from a generator that is passed in. No torch is imported.
Door: bootstrap.py (`Resamples`, `item_bootstrap`), resampling.py (draws, `Interval`), power.py. Tests: `evals.significance`.
"""

__all__ = ["bootstrap", "power", "resampling"]
