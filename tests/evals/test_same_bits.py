"""What is compared and tested has the same bits, whatever kernels add and multiply."""

import numpy as np

from evals.statistics.bootstrap import Resamples
from tests.kernels import by_kernels

PRELUDE = """
import numpy as np
from evals import significance as s
from evals.coverage import contributions, expected_coverage, pass_at_k
from evals.statistics.bootstrap import Resamples
from evals.best_of_n.efficiency import selection_efficiency
rng = np.random.default_rng(1)
sizes = {f"b{i}": 64 for i in range(8)}
table = np.array([pass_at_k(16, right, 8) for right in range(17)])
force = {name: (rng.random((3, n)) < 0.6) * 1.0 for name, n in sizes.items()}
sampled = {name: table[rng.integers(0, 17, n)][None, :] for name, n in sizes.items()}
mixed = {name: 1 - (1 - rng.integers(0, 17, (3, n)) / 16) ** 3 for name, n in sizes.items()}
options = {"resamples": 5000, "confidence": 0.95, "seed": 0}
"""


def alike(code: str) -> None:
    found = by_kernels(PRELUDE + code)
    assert found["this"]
    assert found == dict.fromkeys(found, found["this"])


def test_bootstraps_that_methods_share() -> None:
    alike(
        "for levels in (('runs', 'items'), ('runs', 'benchmarks', 'items')):\n"
        "    shared = Resamples(sizes, 3, levels=levels, **options)\n"
        "    means = [shared.means(one) for one in (force, sampled, mixed)]\n"
        "    print([means[i].tolist() for i in range(3)])\n"
        "    print([shared.interval(0.0, means[i] - means[j]) for i in range(3) for j in range(i)])\n"
    )


def test_bootstraps_with_some_questions_left_out() -> None:
    alike(
        "masks = {name: rng.random(n) < 0.8 for name, n in sizes.items()}\n"
        "masked = Resamples(sizes, 3, levels=('runs', 'items'), **options)\n"
        "print([masked.left(one, masks) for one in (force, sampled, mixed)])\n"
    )


def test_bootstraps_over_questions_and_benchmarks() -> None:
    alike(
        "apart = {name: force[name] - mixed[name] for name in sizes}\n"
        "print(s.item_bootstrap({name: one.mean(axis=0) for name, one in apart.items()}))\n"
        "print(s.family_bootstrap([one.mean(axis=0) for one in apart.values()]))\n"
    )


def test_tests_of_a_few_differences() -> None:
    alike(
        "for n in (5, 8, 12, 30, 60):\n"
        "    some = rng.integers(-4, 8, n) / 64 + rng.normal(size=n) / 100\n"
        "    print(s.published_bootstrap(some, seed=0), s.converged_bootstrap(some), s.paired_t(some))\n"
        "    print(s.sign_flip(some, alternative='two-sided'))\n"
        "print(s.mcnemar(force['b0'][0] > 0, force['b1'][0] > 0))\n"
        "print(s.holm([s.paired_t(rng.normal(0.3, 1, 12)).p for _ in range(25)]).tolist())\n"
        "print(s.minimum_detectable_effect(0.03, 8), s.units_needed(0.02, 0.03))\n"
    )


def test_coverage_and_who_adds_what() -> None:
    alike(
        "for rows in (8, 100):\n"
        "    right = rng.random((rows, 512)) < 0.4\n"
        "    print(expected_coverage(right, 3), contributions(right).shapley.tolist())\n"
        "chosen, random = force['b0'][0], rng.integers(0, 9, 64) / 8\n"
        "print(selection_efficiency(chosen, random / 2, np.maximum(chosen, random)))\n"
    )


def test_a_difference_that_vanishes_on_paper_is_a_tie_and_counts_for_both_sides() -> None:
    questions = {"one": 1, "other": 1, "third": 1}
    drawn = Resamples(questions, 1, levels=("runs", "items"), resamples=1000, confidence=0.95, seed=0)
    sevenths = {"one": np.array([[1 / 7]]), "other": np.array([[2 / 7]]), "third": np.array([[4 / 7]])}
    thirds = dict.fromkeys(questions, np.array([[1 / 3]]))
    means = drawn.means(sevenths) - drawn.means(thirds)
    assert drawn.interval(0.0, means).p == drawn.interval(0.0, -means).p == 1.0
