"""``acdc plugins``: everything that a user may replace, by kind: what is there, what it needs, and where it comes from."""

import json
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from acdc.cli.options import PARAMS, Json, Params
from acdc.errors import InputError

if TYPE_CHECKING:
    from acdc.registry import Entry

WIDTH = 80


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("plugins", help="List crossovers, mutations, selection rules, engines and other plugins.")(
        plugins
    )


def plugins(
    kind: Annotated[
        str | None, typer.Argument(help="Only these: crossovers, selections, ...", metavar="[KIND]")
    ] = None,
    params: Params = PARAMS,
    as_json: Json = False,
) -> None:
    """List the plugins."""
    from acdc.parsing.validation import nearest
    from acdc.parsing.yaml import read_settings_file
    from acdc.registry import KINDS, Entry, Registry

    if kind is not None and kind not in KINDS:
        raise InputError(f"plugins {kind}: there is no such kind; {nearest(kind, KINDS)}")
    data = read_settings_file(params) if params.is_file() else {}
    rows = []
    for one in KINDS if kind is None else (kind,):
        named = {name for path in KINDS[one].named_in for name in _named(data, path.split("."))}
        entries = [*Registry(one).entries(), *(Entry(one, name, name) for name in sorted(named))]
        own = {entry.name for entry in entries if entry.built_in}
        rows += [_row(entry, taken=entry.name in own and not entry.built_in) for entry in entries]
    if as_json:
        typer.echo(json.dumps([row._asdict() for row in rows], indent=2))
        return
    for one in dict.fromkeys(row.kind for row in rows):
        typer.echo(f"{one} ({', '.join(KINDS[one].named_in)})")
        for row in (row for row in rows if row.kind == one):
            typer.echo(_text(row))


class Row(NamedTuple):
    """What is known of a plugin; `error` says why it can't be used."""

    kind: str
    name: str
    origin: str
    target: str
    needs: list[str]
    cost: str
    error: str | None


def _row(entry: "Entry", *, taken: bool) -> Row:
    known = (entry.kind, entry.name, entry.origin, entry.target)
    try:
        found = entry.load()
    except InputError as error:
        return Row(*known, [], "", str(error))
    hidden = f"a built-in plugin has this name; name this one {entry.target}" if taken else None
    return Row(*known, list(found.needs), found.cost, hidden)


def _text(row: Row) -> str:
    parts = [row.origin]
    if row.error:
        parts.append(f"ERROR: {row.error}")
    parts += [f"needs {', '.join(row.needs)}"] if row.needs else []
    parts += [f"cost: {row.cost}"] if row.cost else []
    return textwrap.fill(
        "; ".join(parts), WIDTH, initial_indent=f"  {row.name:21} ", subsequent_indent=" " * 24
    )


def _named(data: Any, path: list[str], inside: bool = False) -> Iterator[str]:
    """Every ``module:attribute`` that the settings name at the end of this path, wherever the path begins."""
    if not path:
        yield from (name for name in (data if isinstance(data, list) else [data]) if ":" in str(name))
    elif isinstance(data, dict):
        for key, value in data.items():
            if path[0] in (key, "*"):
                yield from _named(value, path[1:], inside=True)
            if not inside:
                yield from _named(value, path)
