"""What a system's error means to a person."""

import errno
from pathlib import Path

import pytest

from acdc.errors import InfrastructureError, InputError, expected


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full"),
        (
            RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"),
            "disk is full",
        ),
        (RuntimeError("I/O error: Permission denied (os error 13)"), "permission to write is missing"),
    ],
    ids=["system", "a library in Rust", "permissions, in Rust"],
)
def test_a_full_disk_and_missing_permissions_are_not_ours(error: Exception, said: str) -> None:
    found = expected(error)
    assert isinstance(found, InfrastructureError)
    assert said in str(found)


def test_an_error_of_the_house_is_itself_and_a_bug_is_none() -> None:
    ours = InputError("no")
    assert expected(ours) is ours
    assert expected(ValueError("what")) is None


def test_a_path_of_our_own_that_cannot_be_made_is_a_bug(tmp_path: Path) -> None:
    """Commands check the places that a person named before they begin (`acdc.cli.options.check_place`)."""
    file = tmp_path / "file"
    file.touch()
    for act in (
        lambda: (file / "below").mkdir(parents=True, exist_ok=True),
        lambda: tmp_path.write_text(""),
        file.mkdir,
        lambda: (tmp_path / ("x" * 300)).touch(),
    ):
        with pytest.raises(OSError, match=str(tmp_path)) as caught:
            act()
        assert expected(caught.value) is None
