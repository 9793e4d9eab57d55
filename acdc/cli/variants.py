"""``acdc variants``: the full method and its ablations, each as what it changes."""

import json

import typer

from acdc.cli.options import PARAMS, Json, Overrides, Params, settings


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("variants", help="List the variants of params.yaml and what each changes.")(variants)


def variants(params: Params = PARAMS, overrides: Overrides = [], as_json: Json = False) -> None:  # noqa: B006
    """List the variants."""
    config = settings(params, overrides)
    if as_json:
        selected = config.selected.variants
        rows = [{"variant": n, "changes": c, "selected": n in selected} for n, c in config.variants.items()]
        typer.echo(json.dumps(rows, indent=2))
        return
    for name, changes in config.variants.items():
        mark = "*" if name in config.selected.variants else " "
        typer.echo(f"{mark} {name:22} {', '.join(_flat(changes)) or 'the full method'}")
    typer.echo("* selected in params.yaml")


def _flat(changes: object, path: str = "") -> list[str]:
    if isinstance(changes, dict):
        return [line for key, value in changes.items() for line in _flat(value, f"{path}.{key}".strip("."))]
    return [f"{path}={changes}"]
