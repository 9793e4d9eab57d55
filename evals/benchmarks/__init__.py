"""Benchmarks as lm-eval task YAML files, one folder a suite, and the registry that finds them.

Promises: nothing is fetched; questions are drawn by seed or read from files that the user names, and a bad record is named.
Door: registry.py (`find`, `chosen`, `Benchmark`), local_data.py (records), option_list.py and option_filter.py (questions that
need their options, read and built), functions.py (what a YAML names).
"""

__all__ = ["functions", "local_data", "option_filter", "option_list", "registry"]
