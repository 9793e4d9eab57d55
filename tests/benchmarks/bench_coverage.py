"""Coverage, contributions and expected coverage of 400 individuals on 50,000 questions, against plain loops on a part of them.

Prints seconds of this machine and ratios within this run; run it alone: `python tests/benchmarks/bench_coverage.py`.
"""

import time
from collections.abc import Callable

import numpy as np

from evals.coverage import contributions, coverage_at_n, expected_coverage

INDIVIDUALS, QUESTIONS, PART = 400, 50_000, 500


def timed(run: Callable[[], object], repeats: int = 5) -> float:
    """The quickest of several runs, in seconds."""
    found = []
    for _ in range(repeats):
        began = time.perf_counter()
        run()
        found.append(time.perf_counter() - began)
    return min(found)


def plain_contributions(correct: np.ndarray) -> list[float]:
    """Shapley values question by question."""
    shares = [0.0] * len(correct)
    for column in range(correct.shape[1]):
        solvers = [row for row in range(len(correct)) if correct[row, column]]
        for row in solvers:
            shares[row] += 1 / len(solvers) / correct.shape[1]
    return shares


def main() -> None:
    """Measure."""
    rng = np.random.default_rng(0)
    levels = rng.beta(2, 3, QUESTIONS)
    correct = rng.random((INDIVIDUALS, QUESTIONS)) < levels
    part = correct[:, :PART]
    parts = {
        "coverage": timed(lambda: coverage_at_n(correct)),
        "contributions": timed(lambda: contributions(correct)),
        "expected coverage, N = 1 … 8": timed(lambda: [expected_coverage(correct, n) for n in range(1, 9)]),
    }
    print(f"{INDIVIDUALS} individuals × {QUESTIONS:,} questions")
    for name, seconds in parts.items():
        print(f"  {name:30} {1000 * seconds:8.1f} ms")
    print(f"  {'all together':30} {1000 * sum(parts.values()):8.1f} ms (asked: below 1000)")
    plain = timed(lambda: plain_contributions(part), 1) * QUESTIONS / PART
    assert np.allclose(plain_contributions(part), contributions(part).shapley)
    print(
        f"  contributions: {plain / parts['contributions']:.0f} times as fast as plain loops (from {PART} questions)"
    )


if __name__ == "__main__":
    main()
