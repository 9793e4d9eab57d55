"""The ``acdc`` command: each command parses its words, calls one function of another room, and prints.

Promises: nothing heavy is imported before a command runs; every error leaves as one line and an exit code (app.py).
A command is a module with ``register(app)``; the floors above register theirs in the entry-point group ``acdc.commands``.
Door: `main`, the console script; `run` and `build`, the same inside a process. Commands of other floors use `acdc.cli.options`.
"""

from acdc.cli.app import build, main, run

__all__ = ["build", "main", "run"]
