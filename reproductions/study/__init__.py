"""Where does the gain come from? The same variants in many families, each trained on its own (`acdc study`).

Promises: the family is the unit; the table can be computed again from the answers that are kept.
Door: study.py (settings, differences, table), family_scores.py (`scores` of kept answers), expected.py (what one more family
should show).
"""

__all__ = ["expected", "family_scores", "study"]
