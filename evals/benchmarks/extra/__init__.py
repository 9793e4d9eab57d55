"""Benchmarks beside the paper's, by the names lm-eval gives them; their data are not here.

Promises: prompts and scoring are lm-eval's.
Door: the YAML files; arc.py makes of a record of ARC what its YAML asks.
"""

__all__ = ["arc"]
