"""Task families as values: identity, content, JSON."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acdc.tasks.task_family import Example, Provenance, TaskFamily, age, canonical, task_id

TASK = TaskFamily(
    id="t0017",
    source="class TaskFamily: ...",
    name="name",
    description="what",
    capability="why",
    difficulty=2,
    example_instruction="do",
    reference="done",
    is_code=False,
    provenance=Provenance("t0001", "harder", 5, 0.75),
    examples=(Example("1", "do"),),
)


def test_a_task_survives_json() -> None:
    assert TaskFamily.from_json(json.loads(json.dumps(TASK.to_json()))) == TASK


def test_the_content_hash_forgets_where_a_task_came_from_and_nothing_else() -> None:
    assert replace(TASK, id="t9", provenance=Provenance(None, "seed", 0)).content_hash == TASK.content_hash
    assert replace(TASK, source="other").content_hash != TASK.content_hash
    assert replace(TASK, reference="other").content_hash != TASK.content_hash


@given(st.integers(0, 10**6))
def test_age_is_the_number_in_the_id(number: int) -> None:
    assert age(task_id(number)) == number


def test_canonical_json_has_one_form_and_no_nan() -> None:
    assert canonical({"b": [1, None], "a": "ü"}) == '{"a":"ü","b":[1,null]}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical(float("nan"))
