"""The paper's families again, with its settings (`acdc reproduce FAMILY`).

Promises: nothing starts before its hours and its disk are printed.
Door: reproduction.py, which reads `reproductions/<family>/`; plan.py, what a run takes.
"""

__all__ = ["plan", "reproduction"]
