"""``acdc doctor``: what works on this machine, and how to fix what does not."""

from pathlib import Path
from typing import Annotated

import typer

from acdc.cli.options import Json


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("doctor", help="Say what works on this machine and how to fix what does not.")(doctor)


def doctor(
    runs: Annotated[
        Path | None,
        typer.Argument(help="With --bits: finished runs are looked for in and below it; default: runs."),
    ] = None,
    bits: Annotated[
        bool, typer.Option("--bits", help="Say whether other processors would have decided alike, and stop.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print the checks as they come in; fails where the embedded family could not run."""
    from acdc import doctor as diagnosis
    from acdc.errors import InfrastructureError, InputError

    if bits:
        _bits(runs, as_json)
        return
    if runs is not None:
        raise InputError(f"{runs}: give a path of runs only together with --bits")
    checks = []
    for check in diagnosis.examine(Path.cwd()):
        checks.append(check)
        if not as_json:
            typer.echo(diagnosis.as_text(check))
    if as_json:
        typer.echo(diagnosis.as_json(checks))
    if not diagnosis.healthy(checks):
        names = [check.name for check in checks if check.needed and check.state == "missing"]
        raise InfrastructureError(f"the embedded family cannot run here: fix {', '.join(names)}")


def _bits(runs: Path | None, as_json: bool) -> None:
    from acdc.doctor import bits

    found = bits.look(runs)
    typer.echo(bits.as_json(found) if as_json else bits.as_text(found))
