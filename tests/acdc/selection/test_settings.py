import numpy as np
import pytest
from pydantic import ValidationError

from acdc.selection import SelectionSettings, dns, select

SKILLS = np.array([[0, 0, 0], [1, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=bool)
FITNESS = SKILLS.mean(axis=1)


def chosen(rule: str, size: int, age: list[int] | None = None, seed: int = 1) -> list[int]:
    rng = np.random.default_rng(seed)
    return select(SelectionSettings(rule=rule), SKILLS, FITNESS, size, age, rng).tolist()


def test_fitness_keeps_the_fittest_and_breaks_ties_by_age():
    assert chosen("fitness", 2) == [1, 2]
    assert chosen("fitness", 2, age=[0, 5, 2, 9]) == [2, 1]


def test_dns_prefers_the_novel_to_a_clone():
    assert chosen("dns", 2) == [1, 3]


def test_every_option_reaches_dns():
    options = {
        "k": 1,
        "distance": "hamming",
        "difficulty_weighted": False,
        "denominator": "unsolved",
        "ties": "strict",
    }
    kept = select(
        SelectionSettings(rule="dns", **options), SKILLS, FITNESS, 3, None, np.random.default_rng(0)
    )
    assert kept.tolist() == dns.survivors(SKILLS, FITNESS, 3, **options).tolist()


def test_random_follows_its_stream_and_repeats_no_individual():
    assert chosen("random", 3, seed=5) == chosen("random", 3, seed=5)
    assert len(set(chosen("random", 3))) == 3
    assert len({tuple(chosen("random", 3, seed=seed)) for seed in range(20)}) > 5


def test_none_keeps_every_individual_whatever_the_size():
    assert chosen("none", 2) == [0, 1, 2, 3]
    assert chosen("none", 2, age=[3, 2, 1, 0]) == [3, 2, 1, 0]


def test_only_random_touches_the_stream():
    rng = np.random.default_rng(3)
    for rule in ("dns", "fitness", "none"):
        select(SelectionSettings(rule=rule), SKILLS, FITNESS, 2, None, rng)
    assert rng.random() == np.random.default_rng(3).random()


def test_unknown_settings_are_refused():
    with pytest.raises(ValidationError):
        SelectionSettings(rule="best")
    with pytest.raises(ValidationError):
        SelectionSettings(neighbours=3)
