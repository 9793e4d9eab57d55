"""Options that many commands share, and how they read the settings."""

import errno
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from acdc.errors import InputError

if TYPE_CHECKING:
    from acdc.config.config import Config

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
    from acdc.config.config import load

    return load(params, overrides or [])


def check_place(option: str, path: Path | None, kind: Literal["file", "folder"]) -> None:
    """Refuse a place to write to that can be none, before any work: whatever fails there later is no mistake of the person's.

    Args:
        option: As it is typed: --to.
        path: What was given; None where nothing was.
        kind: What will be written; folders above it are made.

    Raises:
        InputError: Something of the other kind is there, a file stands where a folder above it is to be, or a name is too long.
    """
    if path is None:
        return
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.ENAMETOOLONG):
            raise InputError(f"{option} {path}: {error.strerror}; name another place") from None
        raise
    if is_folder and kind == "file":
        raise InputError(f"{option} {path}: this is a folder; name a file")
    if not is_folder and kind == "folder":
        raise InputError(f"{option} {path}: this is a file; name a folder")
