"""``acdc results export``: results in the forms that other programs read."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from acdc.cli.options import PARAMS, DryRun, Json, Overrides, Params, check_place, settings
from evals.cli.output import say


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
    from evals.exports.exports import answered

    check_place("--to", to, "folder")
    name = family or config.selected.families[0]
    config.family(name)
    results = Layout().results(name, "baselines").parent
    if dry_run:
        count = sum(1 for _ in answered(results))
        text = f"{count} answerers would be written to {to}"
        say({"answerers": count, "to": str(to)}, text, as_json=as_json)
        return
    written = _written(form, results, name, organization, to)
    text = f"{name}: {written} {'folders' if form is Form.LM_EVAL else 'documents'} in {to}"
    say({"written": written, "to": str(to)}, text, as_json=as_json)


def _written(form: Form, results: Path, family: str, organization: str, to: Path) -> int:
    """How many folders or documents were written."""
    from evals.comparison.document import Comparison
    from evals.exports.every_eval_ever import every_eval_ever
    from evals.exports.exports import lm_eval_logs

    if form is Form.LM_EVAL:
        return lm_eval_logs(results, to)
    path = Path("comparison") / f"{family}.json"
    comparison = Comparison.model_validate_json(path.read_bytes()) if path.is_file() else None
    return every_eval_ever(results, family, comparison, organization, to)
