"""``acdc results export``: results in the forms that other programs read."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from acdc.cli.options import PARAMS, DryRun, Json, Overrides, Params, check_place, settings


class Form(StrEnum):
    """Whose form."""

    LM_EVAL = "lm_eval"
    EVERY_EVAL_EVER = "every_eval_ever"


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help="What was measured, for other programs.", no_args_is_help=True)
    group.callback()(lambda: None)
    group.command("export", help="Write results as lm-eval's logs, or in every_eval_ever's schema.")(export)
    app.add_typer(group, name="results")


def export(
    form: Annotated[Form, typer.Option("--format", "-f", help="lm_eval or every_eval_ever.")],
    to: Annotated[Path, typer.Option(help="A folder; a folder or a file in it for each answerer.")],
    family: Annotated[
        str | None, typer.Option(help="Whose results; default: the first that is selected.")
    ] = None,
    organization: Annotated[
        str, typer.Option(help="Who provides the data (every_eval_ever asks for a name).")
    ] = "unknown",
    params: Params = PARAMS,
    overrides: Overrides = [],  # noqa: B006
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Export."""
    config = settings(params, overrides)
    from acdc.storage.layout import Layout
    from evals.comparison.document import Comparison
    from evals.exports.every_eval_ever import every_eval_ever
    from evals.exports.exports import answered, lm_eval_logs

    check_place("--to", to, "folder")
    name = family or config.selected.families[0]
    config.family(name)
    results = Layout().results(name, "baselines").parent
    if dry_run:
        plan = {"answerers": sum(1 for _ in answered(results)), "to": str(to)}
        typer.echo(
            json.dumps(plan, indent=2)
            if as_json
            else f"{plan['answerers']} answerers would be written to {to}"
        )
        return
    if form is Form.LM_EVAL:
        written = lm_eval_logs(results, to)
    else:
        path = Path("comparison") / f"{name}.json"
        comparison = Comparison.model_validate_json(path.read_bytes()) if path.is_file() else None
        written = every_eval_ever(results, name, comparison, organization, to)
    if as_json:
        typer.echo(json.dumps({"written": written, "to": str(to)}, indent=2))
    else:
        typer.echo(f"{name}: {written} {'folders' if form is Form.LM_EVAL else 'documents'} in {to}")
