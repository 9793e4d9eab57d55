"""What a run will take and what stands in its way, before anything is spent.

Promises: nothing is evolved, answered or downloaded here; an estimate says where its rate comes from.
Door: counts.py (models, tasks, answers), calls.py (calls of endpoints), costs.py (hours and money), family/ (`acdc families check`).
"""

__all__ = ["calls", "costs", "counts", "family"]
