"""A setting that came later changes no hash of those who do not use it."""

import pytest
from pydantic import Field, ValidationError

from acdc.parsing.section import Section


class Inner(Section):
    """A section with two later fields."""

    later = ("grids", "names")

    rule: str = "dns"
    grids: int | None = None
    names: list[str] = Field([])


class Outer(Section):
    """A section that holds it."""

    inner: Inner = Inner()
    rate: float = 0.5


def test_a_later_field_is_dumped_where_it_differs_from_its_default() -> None:
    assert Outer().model_dump(mode="json") == {"inner": {"rule": "dns"}, "rate": 0.5}
    assert Outer(inner=Inner(grids=3)).model_dump()["inner"] == {"rule": "dns", "grids": 3}
    assert Inner(names=["a"]).model_dump_json() == '{"rule":"dns","names":["a"]}'
    assert Inner(grids=None).model_dump(exclude={"rule"}) == {}
    assert Inner.model_validate(Inner(grids=2).model_dump()) == Inner(grids=2)


def test_a_section_is_frozen_and_knows_its_keys() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Inner().rule = "fitness"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        Inner.model_validate({"rul": "dns"})
