"""Selection of 16 of 24 on 250 tasks: NumPy against the definition in plain loops.

Run: OMP_NUM_THREADS=1 python tests/benchmarks/bench_selection.py
"""

import timeit

import numpy as np

from acdc.selection.dns import survivors


def plain(skills: np.ndarray, fitness: np.ndarray, size: int) -> list[int]:
    """The published way: loops over pairs, vectors for tasks."""
    weights = 1 - skills.mean(axis=0)
    scores = []
    for i in range(len(skills)):
        fitter = [
            j for j in range(len(skills)) if fitness[j] > fitness[i] or (fitness[j] == fitness[i] and j < i)
        ]
        distances = sorted(weights[skills[i] & ~skills[j]].sum() / weights.sum() for j in fitter)
        scores.append(np.mean(distances[:3]) if distances else np.inf)
    return sorted(range(len(skills)), key=lambda i: (-scores[i], -fitness[i], i))[:size]


def main() -> None:
    """Prints the median of each and their ratio."""
    skills = np.random.default_rng(0).random((24, 250)) < 0.5
    fitness = skills.mean(axis=1)
    assert survivors(skills, fitness, 16).tolist() == plain(skills, fitness, 16)
    ours = np.median(timeit.repeat(lambda: survivors(skills, fitness, 16), number=100, repeat=9)) * 10
    loops = np.median(timeit.repeat(lambda: plain(skills, fitness, 16), number=5, repeat=5)) * 200
    print(f"dns, 16 of 24 on 250 tasks: {ours:.3f} ms; plain loops {loops:.2f} ms; ratio {loops / ours:.0f}")


if __name__ == "__main__":
    main()
