"""Comparisons as tables in CSV, Markdown and TeX: rows and columns only, words come from `reproductions.text`.

Promises: no number without its n and its interval.
Door: all.py (`all_tables`), table.py (`Table`), printed.py (the main table as it is printed).
"""

__all__ = ["all", "audit", "best_of_n", "details", "generations", "printed", "table", "verdicts"]
