"""Checks of a model family that need no GPU and no weights: `acdc families check`.

Promises: reads settings, headers and tokenizers only. A finding is fine, worth knowing, or in the way.
Door: report.py (`check_family`, all checks as one report), part.py (`read_part`, one model), weights.py (can the models be
merged?), tokenizers.py (tokens, chat template, stop tokens), memory.py, disk_and_access.py, distances.py (between seeds).
"""

__all__ = ["disk_and_access", "distances", "finding", "memory", "part", "report", "tokenizers", "weights"]
