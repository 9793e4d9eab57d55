"""This machine and its processes: worker processes, progress on a terminal, cores and memory.

Promises: no worker outlives the command; an error of a worker reaches the caller as the same error.
Door: pool.py (`run_all`, `Work`, `cores`), progress.py (`Board`, `Progress`), machine.py (what it is, for records).
"""

__all__ = ["machine", "pool", "progress"]
