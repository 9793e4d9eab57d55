"""The benchmarks of the paper (arXiv:2604.14969v1), by the names lm-eval gives them; their data are not here.

Promises: prompts, filters and scoring are the released ones; programs run in the sandbox.
Door: the YAML files, which name functions of math_answers.py, programs.py, record_checks.py and replies.py.
"""

__all__ = ["math_answers", "programs", "record_checks", "replies"]
