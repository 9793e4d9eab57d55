"""What a task force is measured against: experts, one model asked N times, weight noise, large models, endpoints.

Promises: every rival has the freedom that the task force has; one that cannot be run says why in its row.
Door: methods.py (`Method`), baselines.py (all of them, as jobs), api_baseline.py (models behind endpoints).
"""

__all__ = ["api_baseline", "baselines", "methods"]
