"""One run, from settings to its finished store, and what is read of it afterwards.

Promises: equal settings continue a run, other settings set it aside; the settings hash covers all that can change a result.
Door: run.py (evolve), choose_taskforce.py (the stage `acdc taskforce`), assembly.py (engines, models and other parts of a run),
settings_hash.py, current.py (is a run one of today's settings?), replay.py (other runs' tasks and models), endpoints.py
(language models behind endpoints, by role), openendedness.py, warnings.py (what a run should tell its reader).
"""

__all__ = [
    "assembly",
    "choose_taskforce",
    "current",
    "endpoints",
    "openendedness",
    "other_bits",
    "replay",
    "run",
    "settings_hash",
    "side_run",
    "warnings",
]
