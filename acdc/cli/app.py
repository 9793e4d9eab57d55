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
os.environ.setdefault(
    "TQDM_DISABLE", "1"
)  # libraries' bars; it is read as they are imported, so it is set before, and worker processes inherit it

import contextlib
import importlib
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from importlib.metadata import entry_points
from types import FrameType

import typer

from acdc.errors import expected

COMMANDS_GROUP = "acdc.commands"
OWN_COMMANDS = (
    "seeds",
    "evolve",
    "taskforce",
    "rebuild",
    "status",
    "families",
    "variants",
    "plugins",
    "doctor",
    "task",
    "transcript",
    "figures",
    "judge_audit",
    "smoke",
)
STAGES = ("seeds", "evolve", "taskforce", "evaluate", "baselines", "compare", "audit-paper", "report")
IDLE = "idle"  # what a command returns that found nothing to do
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
        importlib.import_module(f"acdc.cli.{name}").register(app)
    for point in sorted(entry_points(group=COMMANDS_GROUP), key=lambda point: point.name):
        point.load()(app)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with the code that says how it ended."""
    signal.signal(signal.SIGTERM, _raise_terminated)
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the returned code is described in ``acdc --help``."""
    began = time.monotonic()
    words, result = list(sys.argv[1:] if arguments is None else arguments), None
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
    except Exception as error:  # noqa: BLE001 - the one border: what is not expected here is a bug of ours
        known = expected(error)
        code = _bug(error) if known is None else _say(f"error: {known}", known.exit_code)
    if result != IDLE:
        _note_stage(words, code, time.monotonic() - began)
    return code


def _note_stage(words: list[str], code: int, seconds: float) -> None:
    """Keep how long a stage of this project took, for the summary; elsewhere nothing is written."""
    from acdc.storage.layout import Layout

    layout = Layout()
    whole = all(not word.startswith("-") for word in words)  # a run with options is no stage of the pipeline
    if words and words[0] in STAGES and whole and layout.families().is_dir():
        from acdc.storage.journal import Journal

        with (
            contextlib.suppress(OSError, sqlite3.Error),
            contextlib.closing(Journal(layout.cache())) as journal,
        ):
            journal.note("stage", command=" ".join(words), seconds=seconds, code=code)


def _raise_terminated(signum: int, frame: FrameType | None) -> None:
    raise Terminated


def _say(message: str, code: int = 0) -> int:
    print(message if code in (130, 143) else f"{message}\n[exit {code}]", file=sys.stderr, flush=True)  # noqa: T201
    return code


def _bug(error: BaseException) -> int:
    with tempfile.NamedTemporaryFile("w", prefix="acdc-trace-", suffix=".txt", delete=False) as file:
        traceback.print_exception(error, file=file)
    return _say(f"bug: {type(error).__name__}: {error}\nThe trace is in {file.name}; please report it.", 1)
