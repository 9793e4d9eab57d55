"""Which candidates and tasks a choice is made from, and what is written about it."""

import json

import numpy as np
import pytest

from acdc.config.evolution import EvolutionSettings, TaskforceSettings
from acdc.errors import InputError, NotEnoughDataError
from acdc.selection.settings import SelectionSettings
from acdc.skills import SkillMatrix
from acdc.storage.store import Generation, IndividualRow
from acdc.taskforce.candidates import EarlierForce, candidates, choice_tasks, choose, choose_at

FINDINGS = [None, None, *(json.dumps({"gibberish": i == 3, "reason": ""}) for i in range(2, 6))]
PEOPLE = [IndividualRow(i, f"m{i}", 0, "{}", f"h{i}", finding) for i, finding in enumerate(FINDINGS)]
GENERATIONS = [
    Generation(0, ("m0", "m1"), (), {}),
    Generation(1, ("m2", "m1"), (), {}),
    Generation(2, ("m4", "m1"), (), {}),
    Generation(3, ("m5", "m4"), (), {}),
]


def settings(**changes: object) -> EvolutionSettings:
    return EvolutionSettings.model_validate({"candidates_every": 2, **changes})


def matrix() -> SkillMatrix:
    cells = np.array([[1, 1, 0, 0, -1], [1, 1, 1, 0, 1], [0, 0, 0, 1, 1], [1, 0, 0, 1, 0]], dtype=np.int8)
    return SkillMatrix(("a", "b", "c", "d"), tuple("vwxyz"), cells)


def test_candidates_are_the_archives_of_every_interval_and_of_the_last_generation() -> None:
    found = candidates(PEOPLE, GENERATIONS, settings(), None, 0)
    assert [c.id for c in found] == ["m0", "m1", "m4", "m5"]


def test_without_selection_every_readable_individual_is_a_candidate() -> None:
    free = settings(selection=SelectionSettings(rule="none"))
    assert [c.id for c in candidates(PEOPLE, GENERATIONS, free, None, 0)] == ["m0", "m1", "m2", "m4", "m5"]


def test_a_forced_seed_survives_thinning_and_a_misspelt_one_is_named() -> None:
    people = [row._replace(recipe='{"kind": "seed"}') if row.id == "m1" else row for row in PEOPLE]
    for seed in range(5):
        found = candidates(people, GENERATIONS, settings(), 2, seed, forced=["m1"])
        assert "m1" in [c.id for c in found]
        assert len(found) == 2
    with pytest.raises(InputError, match=r"taskforce\.forced.*did you mean 'm1'"):
        candidates(people, GENERATIONS, settings(), 2, 0, forced=["m11"])


def test_thinning_draws_by_seed_and_keeps_the_order() -> None:
    tasks = [f"t{i:04d}" for i in range(50)]
    drawn = choice_tasks(tasks, 10, 1)
    assert drawn == sorted(drawn)
    assert len(drawn) == 10
    assert drawn == choice_tasks(tasks, 10, 1) != choice_tasks(tasks, 10, 2)
    assert choice_tasks(tasks, None, 1) == tasks


def test_a_task_force_is_chosen_by_complete_columns_only() -> None:
    result = choose(matrix(), TaskforceSettings(sizes=[1, 2]), 0)
    assert result.tasks == list("vwxy")
    assert result.dropped_tasks == 1
    assert result.forces["coverage"] == ["b", "d"]  # b solves 3 of 4; d and c add the last, d is fitter
    assert result.synthetic["coverage"] == {"1": 0.75, "2": 1.0}
    assert result.exact["2"].proven
    assert result.exact["2"].coverage == 1.0
    assert result.skills["a"] == "1100"


def test_forced_members_come_first_and_excluded_never() -> None:
    result = choose(matrix(), TaskforceSettings(sizes=[2], forced=["a"], excluded=["b"]), 0)
    assert result.forces["coverage"][0] == "a"
    assert all("b" not in force for force in result.forces.values())


def test_dns_is_a_rule_of_choice_too() -> None:
    result = choose(matrix(), TaskforceSettings(sizes=[2], rules=["coverage", "dns"]), 0)
    assert set(result.forces) == {"coverage", "dns"}
    assert len(result.forces["dns"]) == 2


def test_more_members_than_candidates_cannot_be_had() -> None:
    with pytest.raises(NotEnoughDataError, match="4 candidates"):
        choose(matrix(), TaskforceSettings(sizes=[5]), 0)


def test_an_earlier_generation_chooses_from_its_own_candidates_by_its_own_tasks() -> None:
    # b covers most of the early tasks alone; c, born later, would cover all.
    cells = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1]], dtype=np.int8)
    matrix = SkillMatrix(("a", "b", "c"), ("t0000/1", "t0001/1", "t0002/1", "t0003/1"), cells)
    settings = TaskforceSettings(sizes=[1, 2])
    early = choose_at(matrix, settings, {"a", "b"}, ["t0000", "t0001"])
    assert early == EarlierForce(["b", "a"], candidates=2, tasks=2)
    late = choose_at(matrix, settings, {"a", "b", "c"}, ["t0000", "t0003"])
    assert late is not None
    assert late.members[0] == "c"
    assert choose_at(matrix, settings, set(), ["t0000"]) is None
    assert choose_at(matrix, settings, {"a"}, []) is None
    assert choose_at(
        matrix, TaskforceSettings(sizes=[5], excluded=["b"]), {"a", "b"}, ["t0000"]
    ) == EarlierForce(["a"], candidates=2, tasks=1)
