"""What runs inside the confinement: the resident worker, and the child that it forks for every score.

Promises: only the standard library is imported here, and nothing of the package outside this folder. So the worker starts
in tens of milliseconds and holds nothing that untrusted code could want.
Door: main.py, the worker's entry; wire.py, the frames between the two sides; selfexec.py, a check of a task's source.
"""

__all__ = ["main", "selfexec", "wire"]
