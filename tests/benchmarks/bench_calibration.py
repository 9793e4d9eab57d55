"""What intervals and tests are worth: simulated worlds in which the true mean difference is 0.

Prints, as Markdown, for each world and method: the share of 95% intervals that contain 0, and the share of one-tailed 5%
tests that reject. Two standard errors of a share near 0.05 are 0.007 with 4,000 worlds.

Run (about two minutes): OMP_NUM_THREADS=1 python tests/benchmarks/bench_calibration.py [WORLDS]
"""

import sys
from collections.abc import Callable, Iterable

import numpy as np

from evals.significance import (
    Interval,
    converged_bootstrap,
    family_bootstrap,
    item_bootstrap,
    paired_t,
    published_bootstrap,
    sign_flip,
)

Outcome = tuple[bool | None, bool]  # does the interval contain 0, does the test reject


def of(interval: Interval) -> Outcome:
    """What an interval and its p say about a mean of 0."""
    return interval.low <= 0 <= interval.high, interval.p <= 0.05


def show(world: str, rows: dict[str, list[Outcome]]) -> None:
    """One line of the table per method."""
    for method, outcomes in rows.items():
        covers = [contains for contains, _ in outcomes if contains is not None]
        coverage = f"{np.mean(covers):.3f}" if covers else "–"
        print(
            f"| {world} | {method} | {coverage} | {np.mean([rejects for _, rejects in outcomes]):.3f} |",
            flush=True,
        )


def run(
    worlds: Iterable[np.ndarray], methods: dict[str, Callable[[np.ndarray], Outcome]]
) -> dict[str, list[Outcome]]:
    """Every method on every world."""
    rows: dict[str, list[Outcome]] = {name: [] for name in methods}
    for world in worlds:
        for name, method in methods.items():
            rows[name].append(method(world))
    return rows


def single(rng: np.random.Generator, count: int) -> None:
    """Eight benchmarks of one family."""
    worlds = {
        "normal": rng.normal(size=(count, 8)),
        "heavy tails, t(3)": rng.standard_t(3, size=(count, 8)),
        "skewed to the right": rng.exponential(size=(count, 8)) - 1,
        "skewed to the left": 1 - rng.exponential(size=(count, 8)),
    }
    methods: dict[str, Callable[[np.ndarray], Outcome]] = {
        "published bootstrap": lambda world: of(converged_bootstrap(world)),
        "paired t": lambda world: of(paired_t(world)),
        "sign-flip": lambda world: (None, sign_flip(world) <= 0.05),
    }
    for name, drawn in worlds.items():
        show(f"n = 8, {name}", run(drawn, methods))


def pooled(rng: np.random.Generator, count: int) -> None:
    """Four families of eight benchmarks, families differing by `share` of the variance."""
    methods: dict[str, Callable[[np.ndarray], Outcome]] = {
        "published bootstrap over 32": lambda world: of(
            published_bootstrap(world.ravel(), resamples=2_000, seed=0)
        ),
        "paired t over 32": lambda world: of(paired_t(world.ravel())),
        "sign-flip over 32": lambda world: (None, sign_flip(world.ravel()) <= 0.05),
        "bootstrap over families": lambda world: of(family_bootstrap(list(world))),
        "t over families": lambda world: of(paired_t(world.mean(axis=1))),
        "sign-flip over families": lambda world: (None, sign_flip(world.mean(axis=1)) <= 0.05),
    }
    for share in (0.0, 0.1, 0.3):
        family = rng.normal(0, np.sqrt(share), (count, 4, 1))
        drawn = family + rng.normal(0, np.sqrt(1 - share), (count, 4, 8))
        show(f"4 × 8, family share {share:.0%}", run(drawn, methods))


def questions(rng: np.random.Generator, count: int) -> None:
    """Eight benchmarks of 100 questions, a quarter of them answered differently, with and without differences between."""
    for between in (0.0, 0.05):
        rows: dict[str, list[Outcome]] = {
            "questions, benchmarks drawn": [],
            "questions, benchmarks fixed": [],
            "published bootstrap over 8 means": [],
            "paired t over 8 means": [],
        }
        for index in range(count):
            shift = np.clip(rng.normal(0, between, 8), -0.12, 0.12)
            up = rng.random((8, 100))
            world = np.where(
                up < 0.125 + shift[:, None] / 2, 1.0, np.where(up > 0.875 + shift[:, None] / 2, -1.0, 0.0)
            )
            named = {str(b): values for b, values in enumerate(world)}
            for drawn, label in (("resampled", "drawn"), ("fixed", "fixed")):
                interval = item_bootstrap(named, benchmarks=drawn, resamples=2_000, seed=index)
                rows[f"questions, benchmarks {label}"].append(of(interval))
            rows["published bootstrap over 8 means"].append(of(converged_bootstrap(world.mean(axis=1))))
            rows["paired t over 8 means"].append(of(paired_t(world.mean(axis=1))))
        show(f"8 × 100 questions, sd between benchmarks {between:.2f}", rows)


def main() -> None:
    """Prints the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4_000
    rng = np.random.default_rng(20_26)
    print("| World | Method | 95% interval covers | 5% test rejects |\n|---|---|---:|---:|")
    single(rng, count)
    pooled(rng, count)
    questions(rng, count // 2)


if __name__ == "__main__":
    main()
