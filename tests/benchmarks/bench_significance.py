"""Bootstraps against SciPy's, in one run: 50,000 resamples of 32 differences, and 10,000 of 14,042 questions.

Run: OMP_NUM_THREADS=1 python tests/benchmarks/bench_significance.py
"""

import resource
import time
from collections.abc import Callable

import numpy as np
from scipy import stats

from evals.significance import converged_bootstrap, item_bootstrap, published_bootstrap, sign_flip


def seconds(call: Callable[[], object], repeats: int = 3) -> float:
    """The best of a few."""
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return min(times)


def scipy_bootstrap(values: np.ndarray, resamples: int) -> object:
    """SciPy's percentile bootstrap of the mean, in batches that fit into memory."""
    return stats.bootstrap((values,), np.mean, n_resamples=resamples, method="percentile", batch=500, rng=0)


def main() -> None:
    """Prints seconds and ratios."""
    rng = np.random.default_rng(0)
    pooled = rng.normal(0.05, 0.15, 32)
    ours, theirs = (
        seconds(lambda: published_bootstrap(pooled, seed=0)),
        seconds(lambda: scipy_bootstrap(pooled, 50_000)),
    )
    print(f"50,000 resamples of 32: {ours:.4f} s; SciPy {theirs:.3f} s; ratio {theirs / ours:.0f}")
    print(f"converged: 32 differences, convolved: {seconds(lambda: converged_bootstrap(pooled)):.3f} s")
    converged_bootstrap(pooled[:8])
    print(f"converged: 8 differences, enumerated: {seconds(lambda: converged_bootstrap(pooled[:8])):.5f} s")
    print(f"exact sign-flip of 32: {seconds(lambda: sign_flip(pooled)):.4f} s")
    ternary = rng.choice([-1.0, 0.0, 1.0], 14_042, p=[0.1, 0.75, 0.15])
    theirs = seconds(lambda: scipy_bootstrap(ternary, 10_000), 1)
    real = rng.normal(size=14_042)
    for name, values in (("right or wrong", ternary), ("real-valued", real)):
        ours = seconds(lambda values=values: item_bootstrap({"b": values}))
        print(
            f"14,042 questions × 10,000, {name}: {ours:.3f} s; SciPy {theirs:.2f} s; ratio {theirs / ours:.0f}"
        )
    eight = {str(b): rng.choice([-1.0, 0.0, 1.0], 1_755) for b in range(8)}
    print(
        f"14,040 questions of 8 benchmarks, clustered, × 10,000: {seconds(lambda: item_bootstrap(eight)):.3f} s"
    )
    print(
        f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB, SciPy and imports included"
    )


if __name__ == "__main__":
    main()
