"""``acdc doctor``: what works on this machine, and how to mend what does not."""

from pathlib import Path

import typer

from acdc.commands.options import Json


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("doctor", help="Say what works on this machine and how to mend what does not.")(doctor)


def doctor(as_json: Json = False) -> None:
    """Print the checks as they come in; fails where the embedded family could not run."""
    from acdc import doctor as examination
    from acdc.errors import InfrastructureError

    checks = []
    for check in examination.examine(Path.cwd()):
        checks.append(check)
        if not as_json:
            typer.echo(examination.as_text(check))
    if as_json:
        typer.echo(examination.as_json(checks))
    if not examination.healthy(checks):
        names = [check.name for check in checks if check.needed and check.state == "missing"]
        raise InfrastructureError(f"the embedded family cannot run here: mend {', '.join(names)}")
