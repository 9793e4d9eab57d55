"""Options that many commands share, and how they read the settings."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from acdc.config import Config

Params = Annotated[Path, typer.Option("--params", help="Settings file.", metavar="FILE")]
Overrides = Annotated[
    list[str],
    typer.Option(
        "--set", "-S", help="Override a setting, e.g. presets.tiny.generations=5.", metavar="KEY=VALUE"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print the plan and stop: nothing is loaded or written.")
]
Family = Annotated[str, typer.Argument(help="A family of params.yaml (`acdc families`).")]
Variant = Annotated[str, typer.Argument(help="A variant of params.yaml (`acdc variants`).")]

PARAMS = Path("params.yaml")


def settings(params: Path, overrides: list[str] | None) -> "Config":
    """The checked settings; raises InputError before anything is written."""
    from acdc.config import load

    return load(params, overrides or [])
