"""Resampling and power: intervals over questions, benchmarks, runs and families.

Promises: pure functions of arrays; every draw comes from a generator that is passed in. No torch is imported.
Door: item_bootstrap.py, masked_bootstrap.py and shared_bootstrap.py (resamples), resampling.py, power.py. Tests: `evals.significance`.
"""

__all__ = ["item_bootstrap", "masked_bootstrap", "power", "resampling", "shared_bootstrap"]
