"""``acdc status RUN``: how far a run is, in another terminal than the one it runs in."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from acdc.cli.options import Json

if TYPE_CHECKING:
    from acdc.storage.journal import JournalEvent


class Status(NamedTuple):
    """How far a run is: generation −1 before the first, times in seconds, prices in the currency that was given."""

    run: str
    state: str
    pid: int | None
    generation: int
    generations: int | None
    eta_seconds: float | None
    attempts: int
    seconds: float
    answers: int
    tokens: int
    calls: int
    call_tokens: int
    call_price: float
    coverage: float | None
    accepted: int | None
    rejected: dict[str, int]


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("status", help="Show progress, ETA and cost so far of a run.")(status)


def status(
    run: Annotated[
        Path, typer.Argument(help="A run's directory, or any directory above: runs/tiny/acdc")
    ] = Path("runs"),
    as_json: Json = False,
) -> None:
    """Show progress."""
    from acdc.errors import InputError

    directories = sorted(path.parent for path in run.glob("**/journal.sqlite") if ".old" not in path.parts)
    if not directories:
        raise InputError(
            f"{run}: no run there; `acdc evolve FAMILY VARIANT` starts one, and `acdc families` lists families"
        )
    rows = [describe(directory) for directory in directories]
    if as_json:
        typer.echo(json.dumps([row._asdict() for row in rows], indent=2))
        return
    for row in rows:
        typer.echo(_line(row))


def describe(directory: Path) -> Status:
    """What the journal of one run says: state, generations, ETA in seconds, answers, tokens, seconds of work."""
    from acdc.runs.warnings import run_warnings
    from acdc.storage.journal import events
    from acdc.storage.lock import holder

    found = run_warnings(directory)
    happened = events(directory)
    begins = [event for event in happened if event.kind == "begin"]
    generations = [event for event in happened if event.kind == "generation"]
    calls = [event.detail for event in happened if event.kind == "call"]
    examined = [event.detail for event in happened if event.kind == "examined"]
    pid = holder(directory)
    finished = (directory / "run.sqlite").is_file() and not (directory / "live.sqlite").exists()
    last_begin = begins[-1].at if begins else 0.0
    recent = [event.at for event in generations if event.at >= last_begin]
    done = generations[-1].detail["number"] if generations else -1
    of = begins[-1].detail.get("generations") if begins else None
    eta = None
    if pid is not None and of is not None and recent:
        # Time since this process began, over what it did: the initial generation counts like any other.
        eta = max(0.0, (recent[-1] - last_begin) / len(recent) * (of - done) - (time.time() - recent[-1]))
    return Status(
        run=str(directory),
        state="finished" if finished else "running" if pid is not None else "stopped",
        pid=pid,
        generation=done,
        generations=of,
        eta_seconds=eta,
        attempts=len(begins),
        seconds=_seconds(happened),
        answers=sum(detail["answers"] for detail in examined),
        tokens=sum(detail["tokens"] for detail in examined),
        calls=len(calls),
        call_tokens=sum(detail["prompt_tokens"] + detail["tokens"] for detail in calls),
        call_price=sum(detail["price"] for detail in calls),
        coverage=generations[-1].detail["coverage"] if generations else None,
        accepted=found.accepted if found else None,
        rejected=found.rejected if found else {},
    )


def _seconds(happened: "list[JournalEvent]") -> float:
    """Seconds of work: for each process from its first to its last event."""
    spans: dict[int, list[float]] = {}
    for event in happened:
        spans.setdefault(event.process, []).append(event.at)
    return sum(max(times) - min(times) for times in spans.values())


def _line(row: Status) -> str:
    state = row.state if row.pid is None else f"running in process {row.pid}"
    text = f"{row.run}: {state}, generation {max(row.generation, 0)}/{row.generations}"
    text += f", {row.answers:,} answers, {row.tokens:,} tokens, {row.seconds:.0f} s of work"
    if row.calls:
        text += f", {row.calls:,} calls to endpoints ({row.call_tokens:,} tokens"
        text += f", {row.call_price:.2f} by the prices given)" if row.call_price else ")"
    if row.eta_seconds is not None:
        text += f", about {row.eta_seconds:.0f} s left"
    if row.rejected:
        text += f"; tasks accepted: {row.accepted}, rejected: " + ", ".join(
            f"{reason} {count}" for reason, count in row.rejected.items()
        )
    if row.state == "stopped":
        text += "; the same `acdc evolve` goes on from here"
    return text
