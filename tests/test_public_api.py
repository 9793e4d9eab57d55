"""``acdc``: an index of the public API that imports a name when it is used."""

import subprocess
import sys

import pytest

import acdc


def test_every_public_name_is_found_and_listed() -> None:
    assert [name for name in acdc.__all__ if getattr(acdc, name, None) is None] == []
    assert set(acdc.__all__) <= set(dir(acdc))


def test_a_public_name_is_the_room_s_own() -> None:
    from acdc.taskforce import greedy

    assert acdc.greedy is greedy


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'greedyy'"):
        acdc.greedyy  # noqa: B018


def test_importing_the_index_loads_nothing_heavy() -> None:
    code = "import sys, acdc; print({'torch', 'pydantic', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
