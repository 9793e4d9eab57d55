"""``acdc seeds FAMILY``: the models that evolution starts from, trained here or resolved, and checked."""

import json

import typer

from acdc.cli.options import PARAMS, DryRun, Family, Json, Overrides, Params, settings


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("seeds", help="Make or resolve the base, the seeds and the big model of a family.")(seeds)


def seeds(
    family: Family,
    params: Params = PARAMS,
    overrides: Overrides = [],  # noqa: B006
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Make the seeds."""
    config = settings(params, overrides)
    from acdc.families.prepare import describe, plan, prepare

    chosen = config.family(family)
    if dry_run:
        text = plan(family, chosen)
        typer.echo(json.dumps({"family": family, "plan": text}) if as_json else text)
        return
    executor = config.executor  # a Ray cluster's workers do not train here
    prepare(family, chosen, workers=executor.workers if executor.kind == "local" else None)
    typer.echo(describe(family, as_json=as_json))
