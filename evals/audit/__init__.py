"""What could have made a number look better than it is: leaks, cut-off answers, unequal prompts.

Promises: reads answers that are there and asks no model.
Door: audit.py (`audit`, its settings and document), leakage.py (questions seen by tasks), same_prompts.py.
"""

__all__ = ["audit", "leakage", "same_prompts"]
