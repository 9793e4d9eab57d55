"""Commands of this floor, registered in the entry-point group ``acdc.commands``.

Promises: a command parses its words, calls one function of another room and prints; heavy imports happen inside.
Door: ``register(app)`` of each module; output.py, what several of them print and start.
"""

__all__ = [
    "ask",
    "audit",
    "baselines",
    "build_filter",
    "compare",
    "coverage",
    "evaluate",
    "output",
    "power",
    "records",
    "results",
    "score",
]
