"""The loop keeps its rules, in the full method and in its variants, on small real runs."""

import json
from pathlib import Path

import pytest

from acdc.config.config import load
from acdc.storage.store import RunStore
from tests.acdc.small_runs import PARAMS, SMALL, run

SEEDS = {"general", "strings", "arithmetic", "lists"}


@pytest.fixture(scope="module")
def runs(brief_models: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunStore]:
    root = tmp_path_factory.mktemp("variants")
    config = load(PARAMS, SMALL)
    stores = {}
    for variant in (
        "acdc",
        "random_search",
        "no_selection",
        "static_tasks",
        "no_mutation",
        "no_gibberish_filter",
    ):
        assert run(config, root, brief_models, variant=variant)[0] == 0
        stores[variant] = RunStore.read(root / "runs/tiny" / variant / "seed-0")
    yield stores
    for store in stores.values():
        store.close()


def test_the_archive_has_the_size_of_the_population(runs: dict[str, RunStore]) -> None:
    for store in runs.values():
        dropped = sum(row.is_gibberish for row in store.individuals() if row.generation == 0)
        sizes = [len(row.archive) for row in store.generations()]
        assert sizes[0] == 6 - dropped
        assert sizes[-1] == 6


def test_the_founders_are_the_seeds_and_children_of_two_distinct_seeds(runs: dict[str, RunStore]) -> None:
    founders = [row for row in runs["acdc"].individuals() if row.generation == 0]
    assert {row.id for row in founders[:4]} == SEEDS
    for row in founders[4:]:
        parents = json.loads(row.recipe)["parents"]
        assert len(set(parents)) == 2
        assert set(parents) <= SEEDS


def test_parents_come_from_the_archive_before(runs: dict[str, RunStore]) -> None:
    archives = {row.generation: set(row.archive) for row in runs["acdc"].generations()}
    children = [row for row in runs["acdc"].individuals() if row.generation > 0]
    assert len(children) == 4 * 3
    for row in children:
        assert set(json.loads(row.recipe)["parents"]) <= archives[row.generation - 1]


def test_random_search_breeds_from_seeds_only(runs: dict[str, RunStore]) -> None:
    for variant in ("random_search", "no_selection"):
        for row in runs[variant].individuals()[4:]:
            assert set(json.loads(row.recipe)["parents"]) <= SEEDS


def test_without_selection_the_newest_stay(runs: dict[str, RunStore]) -> None:
    created = {row.id: row.created for row in runs["no_selection"].individuals()}
    last = runs["no_selection"].generations()[-1].archive
    readable = [row.id for row in runs["no_selection"].individuals() if not row.is_gibberish]
    newest = sorted(readable, key=lambda id: -created[id])[:6]
    assert set(last) == set(newest) or len(readable) < len(created)


def test_every_individual_is_asked_and_static_tasks_ask_nothing_new(runs: dict[str, RunStore]) -> None:
    assert {generation for _, generation, _ in runs["static_tasks"].tasks()} == {0}
    assert max(generation for _, generation, _ in runs["acdc"].tasks()) >= 2
    for store in runs.values():
        asked = {cell.individual for cell in store.cells()}
        assert asked == {row.id for row in store.individuals()}


def test_the_last_archive_has_a_result_on_every_active_task(runs: dict[str, RunStore]) -> None:
    store = runs["acdc"]
    active = json.loads(store.pools()[-1][1])["active"]
    done = {(cell.individual, cell.task) for cell in store.cells()}
    for member in store.generations()[-1].archive:
        assert {(member, task) for task in active} <= done


def test_without_mutation_a_child_is_the_merge_alone(runs: dict[str, RunStore]) -> None:
    for row in runs["no_mutation"].individuals()[4:]:
        assert json.loads(row.recipe)["mutation"]["kind"] == "none"


def test_seeds_are_exempt_from_the_gibberish_filter(runs: dict[str, RunStore]) -> None:
    for id, finding in ((row.id, row.gibberish) for row in runs["acdc"].individuals()):
        assert (finding is None) == (id in SEEDS)
    assert all(row.gibberish is None for row in runs["no_gibberish_filter"].individuals())


def test_variants_start_from_the_same_founders_and_tasks(runs: dict[str, RunStore]) -> None:
    def founders(variant: str) -> list[str]:
        return [row.weights_hash for row in runs[variant].individuals() if row.generation == 0]

    assert founders("acdc") == founders("random_search") == founders("static_tasks")
    first = {v: [t for t in runs[v].tasks() if t[1] == 0] for v in ("acdc", "random_search")}
    assert first["acdc"] == first["random_search"]
