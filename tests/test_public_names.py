"""Names that others import stay where they were, and loading them loads nothing heavy."""

import importlib
import subprocess
import sys

import pytest

NAMES = {
    "acdc.cli": ("main", "run", "build"),
    "acdc.coevolution": ("coevolve",),
    "acdc.population": ("Population",),
    "acdc.selection.dns": ("difficulty_weights", "dominated_novelty", "survivors"),
    "acdc.skills": ("coverage",),
    "acdc.taskforce": ("greedy", "exact", "by_dns", "by_fitness", "by_random"),
    "acdc.variation.crossover": ("linear",),
    "acdc.variation.svd_noise": ("svd_noise",),
    "acdc.weights": (
        "DamagedWeightsError",
        "check_finite",
        "check_like",
        "read_weights",
        "save_weights",
        "weights_hash",
    ),
    "evals.coverage": ("coverage_at_n", "expected_coverage", "pass_at_k"),
    "evals.significance": ("holm", "paired_t", "published_bootstrap", "sign_flip"),
}


@pytest.mark.parametrize("module", NAMES)
def test_a_public_name_is_found_where_it_was(module: str) -> None:
    found = importlib.import_module(module)
    assert [name for name in NAMES[module] if not callable(getattr(found, name, None))] == []


@pytest.mark.parametrize(
    "module",
    ["acdc.cli", "acdc.selection", "acdc.skills", "acdc.taskforce", "evals.coverage", "evals.significance"],
)
def test_a_door_does_not_load_torch(module: str) -> None:
    code = f"import sys, {module}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("floor", ["evals", "reproductions"])
def test_every_name_of_a_floors_index_is_there(floor: str) -> None:
    found = importlib.import_module(floor)
    assert [name for name in found.__all__ if not callable(getattr(found, name, None))] == []
    with pytest.raises(AttributeError, match="nothing"):
        found.nothing  # noqa: B018
