"""Results in other projects' formats: lm-eval's logs, every_eval_ever.

Promises: the same results export to the same bytes; a folder that holds other results is refused.
Door: exports.py, answer_records.py, every_eval_ever.py.
"""

__all__ = ["answer_records", "every_eval_ever", "exports"]
