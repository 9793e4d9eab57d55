"""Errors that a person can act on, each with the exit code of the command that meets it.

Anything raised that is none of these is a bug of ours: the command line writes its trace to a file and exits with 1.
"""

import errno
import re
import sqlite3


class AcdcError(Exception):
    """An expected failure. Its message says what happened and what to do next."""

    exit_code = 1


class InputError(AcdcError):
    """Bad input: settings, files or arguments. Raised before anything is written."""

    exit_code = 2


class NumericalError(InputError):
    """A model computes NaN or infinity, so it has no answer: never token 0, a probability or a pass."""


class ToleranceError(AcdcError):
    """A measured number lies outside the tolerance that was asked for."""

    exit_code = 3


class NotEnoughDataError(AcdcError):
    """What is there does not suffice for the answer that was asked for."""

    exit_code = 4


class InfrastructureError(AcdcError):
    """An endpoint, the sandbox, the disk or another process stands in the way; nothing is lost."""

    exit_code = 5


def expected(error: BaseException) -> AcdcError | None:
    """What a system's error means to a person: a full disk or missing permissions are theirs to fix, the rest is ours.

    Args:
        error: Any exception.

    Returns:
        The error itself if it is of the house's kind, an InfrastructureError for a full disk and for missing permissions,
        None for everything else: that is a bug.
    """
    if isinstance(error, AcdcError):
        return error
    number = getattr(error, "errno", None) or _told_number(error)
    if number in (errno.ENOSPC, errno.EDQUOT) or (
        isinstance(error, sqlite3.OperationalError) and "disk is full" in str(error)
    ):
        return InfrastructureError(
            f"the disk is full ({error}). Free some space and run the same command again; finished work is kept"
        )
    if number in (errno.EACCES, errno.EPERM, errno.EROFS) or (
        isinstance(error, sqlite3.OperationalError) and "readonly" in str(error)
    ):
        return InfrastructureError(
            f"permission to write is missing ({error}). Change the permissions and run again"
        )
    return None


def _told_number(error: BaseException) -> int | None:
    """The system's error number where a library in Rust (safetensors) tells it in words only."""
    told = re.search(r"\(os error (\d+)\)", str(error))
    return int(told[1]) if told else None
