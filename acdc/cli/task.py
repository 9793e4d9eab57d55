"""``acdc task run``: try a task family file on a submission, in the sandbox. ``acdc task export``: a run's tasks as a file."""

import json
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from acdc.cli.options import check_place
from acdc.errors import InputError

if TYPE_CHECKING:
    from acdc.sandbox import Outcome, Sandbox, SandboxSettings

_LARGEST = 1 << 20

TaskFile = Annotated[
    Path, typer.Argument(help="Python file that defines class TaskFamily.", metavar="FILE.py")
]
Submission = Annotated[str | None, typer.Option("--submission", help="What is scored.", metavar="TEXT")]
SubmissionFile = Annotated[
    Path | None, typer.Option("--submission-file", help="File with what is scored.", metavar="FILE")
]
Reference = Annotated[
    str | None,
    typer.Option(
        "--reference",
        help="A right answer: where score works on it, errors are the submission's fault.",
        metavar="TEXT",
    ),
]
TaskName = Annotated[
    str | None, typer.Option("--task", help="One task of the family; all of them otherwise.", metavar="NAME")
]
Extract = Annotated[
    bool,
    typer.Option(
        "--extract", help="Take the submission for a whole reply: extract the answer from it first."
    ),
]
SelfExecuting = Annotated[
    bool,
    typer.Option("--allow-self-executing", help="Run a task whose score itself executes the submission."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@dataclass(frozen=True)
class _Row:
    task: str | None
    instructions: str | None
    verdict: str
    cause: str | None
    error: str | None
    score: float | None
    seconds: float
    detail: str = ""


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    task = typer.Typer(
        no_args_is_help=True, rich_markup_mode=None, help="Try task families, and export them."
    )
    task.command("run", help="Score a submission with a task family file, in the sandbox.")(run)
    task.command("export", help="Write the tasks of a finished run as a file for evolution.tasks.source.")(
        export
    )
    app.add_typer(task, name="task")


def export(
    run: Annotated[Path, typer.Argument(help="A finished run's directory.", metavar="RUN")],
    to: Annotated[Path, typer.Option("--to", help="JSON lines, one task a line.", metavar="FILE")],
    as_json: AsJson = False,
) -> None:
    """Writes every task that was ever active and never at fault.

    Raises:
        InputError: The run has not finished.
    """
    from collections import Counter

    from acdc.runs.choose_taskforce import ever_active
    from acdc.storage.store import RunStore
    from acdc.tasks import task_file
    from acdc.tasks.task_family import TaskFamily

    check_place("--to", to, "file")
    with RunStore.read(run) as store:
        wanted = ever_active(store)
        known = {row.id: TaskFamily.from_json(json.loads(row.document)) for row in store.tasks()}
    records = [task_file.as_record(known[id]) for id in wanted]
    task_file.write(to, records)
    groups = dict(sorted(Counter(record.group for record in records).items()))
    if as_json:
        typer.echo(json.dumps({"file": str(to), "tasks": len(records), "groups": groups}, indent=2))
        return
    shown = ", ".join(f"{name} {count}" for name, count in groups.items())
    typer.echo(f"{to}: {len(records)} tasks ({shown})")


def run(
    file: TaskFile,
    submission: Submission = None,
    submission_file: SubmissionFile = None,
    reference: Reference = None,
    task: TaskName = None,
    extract: Extract = False,
    allow_self_executing: SelfExecuting = False,
    as_json: AsJson = False,
) -> None:
    """Scores a submission.

    Raises:
        InputError: A file is missing or is no task family; no task has that name; no submission, or two.
        SandboxUnavailable: Nothing passes the sandbox's probe here.
    """
    source = _text(file, "task family")
    text = _submission(submission, submission_file)
    if extract:
        from acdc.judging.extract import extract as extracted

        text = extracted(text, is_code=False)
    from acdc.sandbox import Sandbox

    settings = _settings(allow_self_executing)
    with Sandbox.open(settings) as box:
        rows = _rows(box, file, source, task, text, reference)
    if as_json:
        _print_json(rows, allow_self_executing)
    else:
        _print_table(rows, text, box.layers)


def _settings(allow_self_executing: bool) -> "SandboxSettings":
    """The sandbox of params.yaml where there is one here, else the defaults: this command needs no project."""
    from acdc.cli.options import PARAMS, settings
    from acdc.sandbox import SandboxSettings

    chosen = settings(PARAMS, None).sandbox if PARAMS.is_file() else SandboxSettings()
    return chosen.model_copy(
        update={"allow_self_executing": allow_self_executing or chosen.allow_self_executing}
    )


def _submission(text: str | None, file: Path | None) -> str:
    if (text is None) == (file is None):
        raise InputError("the submission is missing; give --submission TEXT or --submission-file FILE")
    return text if text is not None else _text(file or Path(), "submission", may_be_empty=True)


def _text(file: Path, what: str, may_be_empty: bool = False) -> str:
    if not file.is_file():
        raise InputError(f"{file}: there is no such file (expected a {what})")
    if file.stat().st_size > _LARGEST:
        raise InputError(f"{file}: too large for a {what}; at most {_LARGEST} bytes are allowed")
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{file}: this is not UTF-8 text ({error.reason} at byte {error.start}); expected a {what}"
        ) from None
    if not text.strip() and not may_be_empty:
        raise InputError(f"{file}: empty (expected a {what})")
    return text


def _rows(
    box: "Sandbox", file: Path, source: str, task: str | None, text: str, reference: str | None
) -> list[_Row]:
    from acdc.judging.verdict import judge
    from acdc.sandbox import Job, NotATaskFamily, TaskError

    try:
        description = box.describe(source)
    except NotATaskFamily as error:
        raise InputError(f"{file}: this is not a task family: {error.detail}") from None
    except TaskError as error:
        return [_Row(task, None, "error", "task", error.error, None, 0.0, error.detail)]
    if task is not None and task not in description.tasks:
        near = get_close_matches(task, description.tasks, 1) or list(description.tasks)[:1]
        raise InputError(
            f"{file}: no task {task!r}" + (f"; there is {near[0]!r}" if near else "; there are none")
        )
    names = list(description.tasks) if task is None else [task]
    outcomes = box.score([Job(source, name, text) for name in names])
    references: list[Outcome | None] = [None] * len(names)
    if reference is not None:
        references = list(box.score([Job(source, name, reference) for name in names]))
    return [
        _Row(
            name,
            description.instructions[name],
            v.verdict,
            v.cause,
            v.error,
            v.score,
            outcome.seconds,
            v.detail,
        )
        for name, outcome, works in zip(names, outcomes, references, strict=True)
        for v in [judge(outcome, works)]
    ]


def _print_json(rows: list[_Row], self_executing: bool) -> None:
    shown: list[dict[str, Any]] = []
    for row in rows:
        entry: dict[str, Any] = {
            "task": row.task,
            "instructions": row.instructions,
            "verdict": row.verdict,
            "cause": row.cause,
            "error": row.error,
            "score": row.score,
            "seconds": round(row.seconds, 6),
        }
        shown.append({**entry, "self_executing": True} if self_executing else entry)
        if row.detail:
            typer.echo(f"{row.task or 'task family'}: {row.detail}", err=True)
    typer.echo(json.dumps({"tasks": shown}, indent=2))


def _print_table(rows: list[_Row], submission: str, layers: tuple[str, ...]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("task", "verdict", "score", "cause", "error", "ms", "detail")
    for row in rows:
        score = "" if row.score is None else f"{row.score:g}"
        cells = [
            row.task or "-",
            row.verdict,
            score,
            row.cause or "",
            row.error or "",
            f"{row.seconds * 1000:.1f}",
            row.detail,
        ]
        table.add_row(*(Text(cell) for cell in cells))
    console = Console()
    console.print(Text(f"submission: {submission!r}"))
    console.print(table)
    console.print(Text(f"sandbox: {', '.join(layers)}"))
