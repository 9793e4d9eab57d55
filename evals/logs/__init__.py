"""Coverage of answers that other programs wrote: lm-eval's sample logs, CSV (`acdc coverage`).

Promises: needs nothing of a run or of params.yaml.
Door: read.py (files to a matrix of right and wrong), report.py (what is said of it).
"""

__all__ = ["read", "report"]
