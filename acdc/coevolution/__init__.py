"""Algorithm 1: models and tasks that evolve together (loop.py), generation by generation (steps.py).

examiner.py lets individuals answer tasks and records skills; task_keeper.py holds the present pool of tasks; replay.py gives the
tasks or models of another run in their place. Promises: the loop never touches an engine, an endpoint or params.yaml; what it needs is handed in as a `World`.
Equal settings and seeds give the same store, whether the run was interrupted or not.
Door: `coevolve`, `World`; `acdc.coevolution.examiner` and `acdc.coevolution.task_keeper` for who builds a `World`.
"""

from acdc.coevolution.loop import World, coevolve

__all__ = ["World", "coevolve"]
