"""``acdc families``: which model families there are, and whether their models are here."""

import json

import typer

from acdc.commands.options import PARAMS, Json, Overrides, Params, settings


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("families", help="List the model families of params.yaml.")(families)


def families(params: Params = PARAMS, overrides: Overrides = [], as_json: Json = False) -> None:  # noqa: B006
    """List the families."""
    from acdc.layout import Layout

    config = settings(params, overrides)
    layout = Layout()
    rows = [
        {
            "family": name,
            "preset": family.preset,
            "models": "trained here" if family.train is not None else family.base,
            "ready": layout.family_file(name).is_file(),
            "selected": name in config.selected.families,
        }
        for name, family in config.families.items()
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        state = "ready" if row["ready"] else f"not here yet: run `acdc seeds {row['family']}`"
        mark = "*" if row["selected"] else " "
        typer.echo(f"{mark} {row['family']:12} preset {row['preset'] or '-':10} {row['models']}; {state}")
    typer.echo("* selected in params.yaml")
