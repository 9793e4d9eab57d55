"""``acdc smoke``: the whole pipeline through DVC, really run, on settings so small that it takes a minute or two."""

from pathlib import Path
from typing import Annotated

import typer

from acdc.cli.options import PARAMS, Params, check_place


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("smoke", help="A minimal real run of every stage, in a directory of its own.")(smoke)


def smoke(
    params: Params = PARAMS,
    overlay: Annotated[Path, typer.Option(help="Settings laid over params.yaml.")] = Path(
        "params.smoke.yaml"
    ),
    root: Annotated[Path, typer.Option(help="Where to run; what is there is taken up again.")] = Path(
        "build/smoke"
    ),
) -> None:
    """Run every stage."""
    check_place("--root", root, "folder")
    from acdc.cli.pipeline import run_pipeline

    run_pipeline(params, overlay, root)
