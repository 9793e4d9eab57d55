"""``acdc export ID --to DIR``: an individual as a Hugging Face model directory, with a card."""

import json
from pathlib import Path
from typing import Annotated

import typer

from acdc.cli.options import PARAMS, Json, Overrides, Params, check_place, settings


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("export", help="Write an individual of a run as a Hugging Face model directory.")(export)


def export(
    id: Annotated[str, typer.Argument(help="An individual of the run, or a seed's name.", metavar="ID")],
    to: Annotated[Path, typer.Option("--to", help="Where; empty or not there yet.", metavar="DIR")],
    run: Annotated[
        Path | None,
        typer.Option("--run", help="The finished run it is in; default: the first selected.", metavar="RUN"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a model that is there.")] = False,
    params: Params = PARAMS,
    overrides: Overrides = [],  # noqa: B006
    as_json: Json = False,
) -> None:
    """Export."""
    check_place("--to", to, "folder")
    config = settings(params, overrides)
    from acdc.storage.layout import Layout
    from reproductions.publish.licences import UNKNOWN
    from reproductions.publish.publish import export as published

    selected = config.selected
    where = run or Layout().run(selected.families[0], selected.variants[0], selected.seeds[0])
    layout = Layout(where.resolve().parents[3])
    found = published(config, layout, where, id, to, force=force)
    if as_json:
        document = {
            "directory": str(found.directory),
            "id": found.id,
            "weights_hash": found.weights_hash,
            "dtype": found.dtype,
            "parameters": found.parameters,
            "licences": found.licences,
        }
        typer.echo(json.dumps(document, indent=2))
        return
    typer.echo(f"{to}: {id}, {found.parameters:,} parameters in {found.dtype}, hash {found.weights_hash}")
    unknown = [role for role, licence in found.licences.items() if licence == UNKNOWN]
    if unknown:
        typer.echo(
            f"warning: the licence of {', '.join(unknown)} is not stated; find out before you publish",
            err=True,
        )
