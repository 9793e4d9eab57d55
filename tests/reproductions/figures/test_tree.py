import pytest

from reproductions.figures.svg import markup
from reproductions.figures.tree import Node, lineage, shares_of, tree

SEEDS = ["a", "b"]
INDIVIDUALS = [
    ("a", "a", (), ()),
    ("b", "b", (), ()),
    ("c", None, ("a", "b"), (3.0, 1.0)),
    ("d", None, ("c", "b"), (1.0, 1.0)),
]


def node(name: str, rank: int | None = None) -> Node:
    place = [row[0] for row in INDIVIDUALS].index(name)
    _, seed, parents, _ = INDIVIDUALS[place]
    return Node(name, place, max(0, place - 1), tuple(parents), {"a": 0.5, "b": 0.5}, seed, True, rank)


def test_shares_of_seeds_follow_crossover_weights_through_generations() -> None:
    shares = shares_of(INDIVIDUALS, SEEDS)
    assert shares["c"] == {"a": 0.75, "b": 0.25}
    assert shares["d"] == pytest.approx({"a": 0.375, "b": 0.625})


def test_the_lineage_is_the_force_and_all_its_ancestors() -> None:
    assert lineage([node("a"), node("b"), node("c", rank=1), node("d")]) == {"a", "b", "c"}


def test_the_tree_has_every_individual_and_numbers_the_members() -> None:
    drawn = markup(tree([node("a"), node("b"), node("c"), node("d", rank=1)], SEEDS))
    assert all(f'data-id="{name}"' in drawn for name in "abcd")
    assert ">1</text>" in drawn
