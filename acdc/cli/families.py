"""``acdc families``: which model families there are; ``check`` and ``pin`` one of them, ``convert`` a model."""

import json
from pathlib import Path
from typing import Annotated

import typer

from acdc.cli.options import PARAMS, Family, Json, Overrides, Params, check_place, settings


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(no_args_is_help=False)
    group.callback(invoke_without_command=True)(families)
    group.command("check", help="What can be known about a family before a GPU is rented.")(check)
    group.command("pin", help="Print the hub's commits of today, for `revisions` in params.yaml.")(pin)
    group.command("convert", help="Write a model's PyTorch weights as safetensors.")(convert)
    app.add_typer(group, name="families", help="List the model families of params.yaml; check, pin, convert.")


def families(
    context: typer.Context,
    params: Params = PARAMS,
    overrides: Overrides = [],  # noqa: B006
    as_json: Json = False,
) -> None:
    """List the families."""
    if context.invoked_subcommand is not None:
        return
    from acdc.storage.layout import Layout

    config = settings(params, overrides)
    layout = Layout()
    rows = [
        {
            "family": name,
            "preset": family.preset,
            "models": "embedded" if family.train is not None else family.base,
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


def check(
    family: Family,
    params: Params = PARAMS,
    overrides: Overrides = [],  # noqa: B006
    distances: Annotated[
        bool, typer.Option(help="Read the seeds' weights, where they are here, and measure their distances.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Check a family."""
    from contextlib import ExitStack

    from acdc.preflight.family.report import check_family
    from acdc.processes.progress import Board
    from acdc.storage.layout import Layout

    config = settings(params, overrides)
    run = config.run_specs(family)[0]
    boards: list[Board] = []
    with ExitStack() as until_done:

        def measured(done: int, of: int) -> None:
            """A bar for what takes minutes: not before there is something to measure."""
            if not boards:
                boards.append(until_done.enter_context(Board(f"check {family}", ["tensors"])))
            boards[0].update("tensors", {"done": done, "of": of})

        report = check_family(config, run, Layout(), measure=distances, progress=measured)
    typer.echo(json.dumps(report.to_json(), indent=2) if as_json else "\n".join(report.lines()))
    fault = report.fault()
    if fault is not None:
        raise fault


def pin(
    family: Family,
    params: Params = PARAMS,
    overrides: Overrides = [],  # noqa: B006
    as_json: Json = False,
) -> None:
    """Print the commits."""
    from acdc.errors import InputError
    from acdc.families.family import local_directory
    from acdc.families.hub import commit
    from acdc.parsing.yaml import write_yaml

    chosen = settings(params, overrides).family(family)
    ids = {role: where for role, where in chosen.parts().items() if local_directory(where) is None}
    if not ids:
        raise InputError(f"families.{family}: all its models are local, so there is no revision to pin")
    revisions = {role: commit(where, chosen.revisions.get(role)) for role, where in ids.items()}
    if as_json:
        typer.echo(json.dumps({"family": family, "revisions": revisions}, indent=2))
        return
    typer.echo(write_yaml({"families": {family: {"revisions": revisions}}}), nl=False)


def convert(
    model: Annotated[Path, typer.Argument(help="A model directory with pytorch_model*.bin.", metavar="DIR")],
    to: Annotated[Path, typer.Option("--to", help="A directory to be made.", metavar="DIR")],
) -> None:
    """Convert."""
    from acdc.weights.convert import convert as converted

    check_place("--to", to, "folder")
    written = converted(model, to)
    typer.echo(f"Written: {to} ({len(written)} files of weights)")
