from itertools import islice

import numpy as np
import pytest

from acdc.tiny.questions import by_domain, measured, reserved, training_stream
from acdc.tiny.settings import TinySettings
from acdc.tiny.skills import DOMAINS, SKILLS

SHARES = TinySettings().skill_shares


@pytest.fixture(scope="module")
def stream_of_all() -> list:  # type: ignore[type-arg]
    return list(islice(training_stream(np.random.default_rng(0), DOMAINS, SHARES, 0.1), 20_000))


def test_held_out_wordings_never_occur_in_the_training_stream(stream_of_all: list) -> None:  # type: ignore[type-arg]
    held_out = {name: skill.held_out for name, skill in SKILLS.items()}
    for asked in stream_of_all:
        wordings = {phrasing.format(*asked.args) for phrasing in held_out.get(asked.skill, ())}
        assert asked.phrase not in wordings


def test_measured_questions_never_occur_in_the_training_stream(stream_of_all: list) -> None:  # type: ignore[type-arg]
    kept = {asked.phrase for items in measured(0, 50).values() for asked in items}
    assert all(map(reserved, kept))
    assert not kept & {asked.phrase for asked in stream_of_all}


def test_the_marks_of_shifted_questions_never_occur_in_the_training_stream(stream_of_all: list) -> None:  # type: ignore[type-arg]
    for asked in stream_of_all:
        assert not {"?", ":"} & set(asked.phrase)
        assert asked.phrase == asked.phrase.lower()


def test_an_expert_is_asked_about_its_own_domain_only() -> None:
    questions = islice(training_stream(np.random.default_rng(0), ("lists",), SHARES, 0.1), 500)
    assert {SKILLS[asked.skill.split("+")[0]].domain for asked in questions} == {"lists"}


def test_shares_decide_how_often_a_skill_is_asked(stream_of_all: list) -> None:  # type: ignore[type-arg]
    single = [asked.skill for asked in stream_of_all if "+" not in asked.skill]
    assert len(single) / len(stream_of_all) == pytest.approx(0.9, abs=0.01)
    whole = sum(SHARES.values())
    for name, share in SHARES.items():
        assert single.count(name) / len(single) == pytest.approx(share / whole, abs=0.01)


def test_measured_questions_are_the_same_for_every_model_and_spread_over_difficulties() -> None:
    assert measured(0, 10) == measured(0, 10) != measured(1, 10)
    lengths = [len(asked.args[0]) for asked in measured(0, 10)["reverse"]]
    assert lengths == [3, 4, 5, 6, 7] * 2


def test_a_domain_counts_the_mean_of_its_skills() -> None:
    accuracy = dict.fromkeys(SKILLS, 0.0) | {"add": 1.0, "total": 0.5}
    assert by_domain(accuracy) == {"strings": 0.0, "arithmetic": 0.375, "lists": 0.0}
