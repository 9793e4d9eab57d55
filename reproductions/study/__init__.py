"""Where does the gain come from? The same variants in many families, each trained on its own (`acdc study`).

Promises: the family is the unit; the table can be computed again from the answers that are kept.
Door: study.py (settings, differences, table), answers.py (what is kept), expected.py (what one more family should show), family_scores.py.
"""

__all__ = ["answers", "expected", "family_scores", "study"]
