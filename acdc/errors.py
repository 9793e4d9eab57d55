"""Errors that a person can act on, each with the exit code of the command that meets it.

Anything raised that is none of these is a bug of ours: the command line writes its trace to a file and exits with 1.
"""


class AcdcError(Exception):
    """An expected failure. Its message says what happened and what to do next."""

    exit_code = 1


class InputError(AcdcError):
    """Bad input: settings, files or arguments. Raised before anything is written."""

    exit_code = 2


class ToleranceError(AcdcError):
    """A measured number lies outside the tolerance that was asked for."""

    exit_code = 3


class NotEnoughDataError(AcdcError):
    """What is there does not suffice for the answer that was asked for."""

    exit_code = 4


class InfrastructureError(AcdcError):
    """An endpoint, the sandbox, the disk or another process stands in the way; nothing is lost."""

    exit_code = 5
