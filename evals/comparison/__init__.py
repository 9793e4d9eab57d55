"""Methods side by side: from answers to estimates, claims and the document that every table and figure reads.

Promises: each number carries its n and its interval, each claim its correction; nothing is answered here but best-of-N votes.
Door: build.py makes the `Comparison` of document.py from evidence.py; csv_files.py writes it for DVC; side_by_side.py, planning.py.
"""

__all__ = [
    "build",
    "by_generation",
    "claims",
    "csv_files",
    "document",
    "estimates",
    "evidence",
    "examples",
    "final_answers",
    "planning",
    "selection",
    "selection_items",
    "side_by_side",
    "tools",
]
