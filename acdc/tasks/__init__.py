"""Synthetic tasks: task families, the scientist that writes them, the novelty filter and the task pool.

Promises: this process never runs the code of a task. The sandbox does, and callers hand it in as ``box``.
Every change of a pool gives a new pool and its events.
Door: task_family.py (`TaskFamily`), scientist.py (the protocol `Scientist`), grammar_scientist.py and llm_scientist.py (the two
scientists), novelty.py, pool.py (`Pool`), evolution.py (the task steps of Algorithm 1), reflection.py (drafts checked and
repaired), seeds.py, static.py and task_file.py (pools that do not evolve), settings.py.
"""

__all__ = [
    "embedders",
    "evolution",
    "grammar_scientist",
    "limited_grammar",
    "llm_scientist",
    "novelty",
    "pool",
    "reflection",
    "scientist",
    "seeds",
    "settings",
    "static",
    "task_family",
    "task_file",
]
