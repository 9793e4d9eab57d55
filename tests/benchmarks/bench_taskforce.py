"""Greedy choice of 8 from 400 × 1000, against recounting everything for each candidate; how near it is to the optimum;
and expected coverage of 400 × 50,000.

Run: OMP_NUM_THREADS=1 python tests/benchmarks/bench_taskforce.py
"""

import time
import timeit

import numpy as np

from acdc.skills import coverage
from acdc.taskforce.maximum_coverage import exact, greedy
from evals.coverage import contributions, coverage_at_n, expected_coverage


def correlated(individuals: int, tasks: int, seed: int = 0) -> np.ndarray:
    """Skills as evolution makes them: tasks differ in difficulty, individuals in ability."""
    rng = np.random.default_rng(seed)
    ability, difficulty = rng.normal(0, 0.3, (individuals, 1)), rng.normal(2.5, 0.8, tasks)
    return rng.normal(size=(individuals, tasks)) + ability > difficulty


def recount(skills: np.ndarray, n: int) -> list[int]:
    """Greedy by calling coverage for each candidate in each step."""
    chosen: list[int] = []
    for _ in range(n):
        left = [i for i in range(len(skills)) if i not in chosen]
        chosen.append(max(left, key=lambda i: (coverage(skills[[*chosen, i]]), skills[i].mean(), -i)))
    return chosen


def main() -> None:
    """Prints times, ratios and the gap to the proven optimum."""
    skills = correlated(400, 1000)
    assert greedy(skills, 8).tolist() == recount(skills, 8)
    ours = np.median(timeit.repeat(lambda: greedy(skills, 8), number=5, repeat=9)) * 200
    naive = timeit.timeit(lambda: recount(skills, 8), number=1) * 1000
    print(
        f"greedy, 8 of 400 on 1000 tasks: {ours:.2f} ms; recounting {naive:.0f} ms; ratio {naive / ours:.0f}"
    )
    for individuals, tasks, limit in ((80, 500, 2000), (400, 1000, 5)):
        skills = correlated(individuals, tasks)
        begun = time.perf_counter()
        optimum = exact(skills, 8, node_limit=limit)
        seconds = time.perf_counter() - begun
        print(
            f"exact, 8 of {individuals} on {tasks} tasks, at most {limit} nodes: {seconds:.1f} s, "
            f"coverage {optimum.coverage:.4f}, bound {optimum.bound:.4f}, proven {optimum.proven}; "
            f"greedy {coverage(skills[greedy(skills, 8)]):.4f}"
        )
    correct = np.random.default_rng(1).random((400, 50_000)) < 0.1
    for name, call in (
        ("coverage_at_n", lambda: coverage_at_n(correct)),
        ("expected_coverage(8)", lambda: expected_coverage(correct, 8)),
        ("contributions", lambda: contributions(correct)),
    ):
        print(f"{name}, 400 × 50,000: {min(timeit.repeat(call, number=1, repeat=3)):.3f} s")


if __name__ == "__main__":
    main()
