"""``acdc transcript RUN``: every call of a run to a language model, as JSON lines that ``scientist.replay`` reads."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from acdc.cli.options import check_place


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
    from acdc.files import replacing

    check_place("--to", to, "file")
    judged = _judged(run)
    if to is None:
        sys.stdout.writelines(f"{line}\n" for line in lines(run, judged))
        return
    count = -1
    exported = lines(run, judged)
    first = next(exported)
    with replacing(to) as file:
        for line in (first, *exported):
            file.write(f"{line}\n".encode())
            count += 1
    typer.echo(f"{count} calls in {to}; replay them with -S scientist.replay={to}")


def _judged(run: Path) -> Path | None:
    """What was judged while a task force was chosen from this run: a replay of that stage asks for it, too."""
    from acdc.storage.layout import Layout

    whole = run.resolve()
    family, variant, seed = whole.parts[-3:] if len(whole.parts) > 4 else ("", "", "")
    number = seed.removeprefix("seed-")
    if not number.isdigit():
        return None
    path = Layout(whole.parents[3]).taskforce_transcript(family, variant, int(number))
    return path if path.is_file() else None
