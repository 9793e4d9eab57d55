"""``acdc transcript RUN``: every call of a run to a language model, as JSON lines that ``scientist.replay`` reads."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("transcript", help="Export a run's calls to language models as JSON lines, for replay.")(
        transcript
    )


def transcript(
    run: Annotated[Path, typer.Argument(help="A run's directory: runs/FAMILY/VARIANT/seed-0.")],
    to: Annotated[
        Path | None, typer.Option("--to", help="File to write; default: print.", metavar="FILE")
    ] = None,
) -> None:
    """Export."""
    from acdc.chat.transcript import lines

    if to is None:
        sys.stdout.writelines(f"{line}\n" for line in lines(run))
        return
    staging = to.with_name(f"{to.name}.tmp")
    count = -1
    exported = lines(run)
    first = next(exported)
    to.parent.mkdir(parents=True, exist_ok=True)
    with staging.open("w", encoding="utf-8") as file:
        for line in (first, *exported):
            file.write(f"{line}\n")
            count += 1
    staging.replace(to)
    typer.echo(f"{count} calls in {to}; replay them with -S scientist.replay={to}")
