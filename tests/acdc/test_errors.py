"""What a system's error means to a person."""

import errno

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
        (RuntimeError("I/O error: Permission denied (os error 13)"), "not allowed to write"),
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
