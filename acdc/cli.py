"""The ``acdc`` command: one typer application for all floors, and the border where errors become exit codes.

A command is a module with ``register(app)``. This floor's are listed here, the floors above register theirs in the
entry-point group ``acdc.commands``. Nothing heavy is imported before a command runs.
"""

import os

os.environ.setdefault(
    "OMP_NUM_THREADS", "1"
)  # two spinning OpenMP threads on shared cores are 30 times slower
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import errno
import importlib
import signal
import sqlite3
import sys
import tempfile
import traceback
from collections.abc import Sequence
from importlib.metadata import entry_points
from types import FrameType

import typer

from acdc.errors import AcdcError

COMMANDS_GROUP = "acdc.commands"
OWN_COMMANDS = ("seeds", "evolve", "taskforce", "status", "families", "variants", "doctor", "task", "smoke")
GO_ON = "Everything finished so far is kept: the same command goes on where this one stopped."


class Terminated(BaseException):
    """SIGTERM, as an exception, so that every context manager closes on the way out."""


def build() -> typer.Typer:
    """The application with every command of every installed floor."""
    app = typer.Typer(
        name="acdc",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        help="Coevolve language models and tasks, choose a task force, and measure it against honest rivals.",
        epilog="Exit codes: 0 done, 1 a bug of ours, 2 bad input, 3 outside tolerance, 4 not enough data, "
        "5 infrastructure, 130 interrupted, 143 terminated.",
    )
    for name in OWN_COMMANDS:
        importlib.import_module(f"acdc.commands.{name}").register(app)
    for point in sorted(entry_points(group=COMMANDS_GROUP), key=lambda point: point.name):
        point.load()(app)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with the code that says how it ended."""
    signal.signal(signal.SIGTERM, _raise_terminated)
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the returned code is described in ``acdc --help``."""
    try:
        result = build()(args=arguments, standalone_mode=False)
        code = result if isinstance(result, int) else 0
        if code == 130:  # typer has made a code of the interruption
            _say(f"Interrupted. {GO_ON}", 130)
    except typer.TyperException as error:
        error.show() if hasattr(error, "show") else _say(str(error))
        code = 2
    except (KeyboardInterrupt, typer.Abort):
        code = _say(f"Interrupted. {GO_ON}", 130)
    except Terminated:
        code = _say(f"Terminated. {GO_ON}", 143)
    except AcdcError as error:
        code = _say(f"error: {error}", error.exit_code)
    except (OSError, sqlite3.OperationalError) as error:
        code = _disk_or_bug(error)
    except Exception as error:  # noqa: BLE001 - the one border: what arrives here is a bug of ours
        code = _bug(error)
    return code


def _raise_terminated(signum: int, frame: FrameType | None) -> None:
    raise Terminated


def _say(message: str, code: int = 0) -> int:
    print(message if code in (130, 143) else f"{message}\n[exit {code}]", file=sys.stderr, flush=True)  # noqa: T201
    return code


def _disk_or_bug(error: Exception) -> int:
    """A full or unwritable disk is the user's to mend; any other system error is a bug of ours."""
    full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "disk is full" in str(error)
    if full:
        return _say(f"error: the disk is full ({error}). Free some space. {GO_ON}", 5)
    if getattr(error, "errno", None) in (errno.EACCES, errno.EPERM, errno.EROFS):
        return _say(f"error: not allowed to write ({error}). Mend the permissions. {GO_ON}", 5)
    return _bug(error)


def _bug(error: BaseException) -> int:
    with tempfile.NamedTemporaryFile("w", prefix="acdc-trace-", suffix=".txt", delete=False) as file:
        traceback.print_exception(error, file=file)
    return _say(f"bug: {type(error).__name__}: {error}\nThe trace is in {file.name}; please report it.", 1)
