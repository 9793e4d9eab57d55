import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError

from acdc.errors import InputError, NotEnoughDataError
from acdc.selection import SelectionSettings, cycle_qd, select
from acdc.selection.cycle_qd import elites, performance, survivors
from acdc.selection.settings import GridSettings, parents

# Five individuals on four tasks of niche "a" and two of "b".
SKILLS = np.array(
    [
        [1, 1, 1, 1, 0, 0],  # a 1     b 0
        [1, 1, 0, 0, 1, 0],  # a .5    b .5
        [1, 0, 0, 0, 1, 0],  # a .25   b .5
        [0, 0, 1, 1, 0, 1],  # a .5    b .5, younger than row 1
        [0, 0, 0, 0, 1, 1],  # a 0     b 1
    ],
    dtype=bool,
)
NICHES = ["a", "a", "a", "a", "b", "b"]
ROWS = st.integers(1, 8)
MATRICES = ROWS.flatmap(lambda rows: arrays(np.bool_, (rows, 6)))


def test_performance_is_the_share_of_a_niches_tasks() -> None:
    names, values = performance(SKILLS, NICHES)
    assert names == ["a", "b"]
    assert values.tolist() == [[1, 0], [0.5, 0.5], [0.25, 0.5], [0.5, 0.5], [0, 1]]


def test_each_grid_keeps_the_best_of_every_cell_and_of_equals_the_older() -> None:
    _, values = performance(SKILLS, NICHES)
    # Quality a, cells by b in two halves: [0, .5) holds row 0, [.5, 1] rows 1 to 4, of which 1 and 3 are best in a.
    assert elites(values, 0, bins=2).tolist() == [0, 1]
    # Quality b, cells by a: [0, .5) holds rows 2 and 4, [.5, 1] rows 0, 1, 3.
    assert elites(values, 1, bins=2).tolist() == [4, 1]
    assert elites(values, 1, bins=2, age=[0, 9, 2, 3, 4]).tolist() == [4, 3]


def test_grids_hand_over_their_elites_in_turn_beginning_with_the_active_one() -> None:
    assert survivors(SKILLS, NICHES, 9, turn=0, bins=2).tolist() == [0, 4, 1]
    assert survivors(SKILLS, NICHES, 9, turn=1, bins=2).tolist() == [4, 0, 1]
    assert survivors(SKILLS, NICHES, 2, turn=3, bins=2).tolist() == [4, 0]


def test_elite_sampling_by_hand() -> None:
    # Generation 2 of two niches: quality a, elites rows 0 and 1; a spans .5 to 1, b 0 to .5: γ = .8 × .5 and .5 × .8.
    found = cycle_qd.parents(SKILLS, NICHES, turn=2, bins=2)
    assert found.indices.tolist() == [0, 1]
    assert found.odds == pytest.approx([0.5, 0.5])
    # Quality b: row 4 (0, 1) and row 1 (.5, .5).
    assert cycle_qd.parents(SKILLS, NICHES, turn=3, bins=2).indices.tolist() == [4, 1]
    three = cycle_qd.parents(SKILLS, NICHES, turn=0, bins=15)
    # Cells by b: 0, .5, 1 hold rows 0, 1, 4 with a = 1, .5, 0: γ = .8 × .5, .65 × .65, .5 × .8.
    assert three.indices.tolist() == [0, 1, 4]
    assert three.odds == pytest.approx(np.array([0.4, 0.4225, 0.4]) / 1.2225)


def test_one_elite_alone_does_not_breed_with_itself() -> None:
    same = np.array([[1, 0, 1, 0], [1, 1, 1, 0]], dtype=bool)
    found = cycle_qd.parents(same, ["a", "a", "b", "b"], turn=0)
    assert found.indices.tolist() == [0, 1]


def test_the_rarest_niches_are_one() -> None:
    niches = ["a", "a", "b", "b", "c", "d"]
    names, values = performance(SKILLS, niches, most_niches=3)
    assert names == ["a", "b", "others"]
    assert values[4].tolist() == [0, 0, 1]


def test_one_niche_has_no_dimension() -> None:
    with pytest.raises(NotEnoughDataError, match="at least two niches"):
        survivors(SKILLS, ["a"] * 6, 3)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="5 niches for 6 tasks"):
        performance(SKILLS, NICHES[:5])
    with pytest.raises(InputError, match="bins"):
        elites(performance(SKILLS, NICHES)[1], 0, bins=0)


@given(MATRICES, st.integers(1, 8), st.integers(0, 5), st.integers(1, 15))
@settings(max_examples=60, deadline=None)
def test_survivors_are_elites_of_some_grid_and_no_individual_twice(
    skills: np.ndarray, size: int, turn: int, bins: int
) -> None:
    kept = survivors(skills, NICHES, size, turn=turn, bins=bins).tolist()
    _, values = performance(skills, NICHES)
    elites_of_all = {int(i) for q in (0, 1) for i in elites(values, q, bins=bins)}
    assert len(set(kept)) == len(kept) == min(size, len(elites_of_all))
    assert set(kept) <= elites_of_all


@given(MATRICES, MATRICES, st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_without_a_limit_the_dropped_never_mattered(old: np.ndarray, new: np.ndarray, bins: int) -> None:
    """Grids made from the elites and newcomers are those that everybody who ever lived would have given."""
    both = np.vstack([old, new])
    whole = set(survivors(both, NICHES, len(both), bins=bins).tolist())
    kept = sorted(survivors(old, NICHES, len(old), bins=bins).tolist())
    rows = [*kept, *range(len(old), len(both))]
    again = survivors(both[rows], NICHES, len(both), bins=bins, age=rows)
    assert {rows[i] for i in again} == whole


@given(MATRICES, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_rows_does_not_matter(skills: np.ndarray, random) -> None:
    order = list(range(len(skills)))
    random.shuffle(order)
    straight = survivors(skills, NICHES, 4).tolist()
    assert [order[i] for i in survivors(skills[order], NICHES, 4, age=order)] == straight


def test_the_rule_is_reached_from_its_settings() -> None:
    chosen = SelectionSettings(rule="cycle_qd", grids=GridSettings(bins=2))
    kept = select(
        chosen, SKILLS, SKILLS.mean(axis=1), 9, None, np.random.default_rng(0), niches=NICHES, turn=1
    )
    assert kept.tolist() == [4, 0, 1]
    assert parents(chosen, SKILLS, None, niches=NICHES, turn=3).indices.tolist() == [4, 1]
    assert parents(SelectionSettings(), SKILLS, None, niches=NICHES, turn=3) is None
    with pytest.raises(ValidationError):
        GridSettings(bins=0)


def test_grids_are_written_for_this_rule_alone() -> None:
    assert "grids" not in SelectionSettings().model_dump(mode="json")
    assert SelectionSettings(rule="cycle_qd").model_dump(mode="json")["grids"] == {
        "bins": 15,
        "most_niches": 8,
    }
