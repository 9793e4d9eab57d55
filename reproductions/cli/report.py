"""``acdc report``: one self-contained page, and every table as CSV, Markdown and LaTeX."""

import json
from typing import Annotated

import typer

from acdc.cli.options import PARAMS, DryRun, Json, Overrides, Params, settings


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("report", help="Write report/index.html and report/tables/ from what the pipeline has made.")(
        report
    )


def report(
    family: Annotated[list[str], typer.Option("--family", help="Only this family; may be repeated.")] = [],  # noqa: B006
    params: Params = PARAMS,
    overrides: Overrides = [],  # noqa: B006
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Write the report."""
    from acdc.storage.layout import Layout
    from reproductions.load import comparison_file

    config = settings(params, overrides)
    layout = Layout()
    families = family or config.selected.families
    for name in families:
        config.family(name)
    if dry_run:
        plan = {
            name: {
                "reads": str(comparison_file(layout, name)),
                "there": comparison_file(layout, name).is_file(),
            }
            for name in families
        }
        writes = ["report/index.html", "report/tables/"]
        if as_json:
            typer.echo(json.dumps({"families": plan, "writes": writes}, indent=2))
            return
        for name, row in plan.items():
            typer.echo(
                f"{name}: reads {row['reads']}{'' if row['there'] else ' (not there yet)'}, runs and task forces"
            )
        typer.echo(f"writes {', '.join(writes)}; no model is loaded and nothing is evaluated")
        return
    from reproductions.report.page import write_report

    written = write_report(config, layout, families)
    if as_json:
        typer.echo(json.dumps([str(path) for path in written], indent=2))
    else:
        typer.echo(
            f"{written[0]} ({written[0].stat().st_size / 1e6:.1f} MB) and {len(written) - 1} files of tables beside it"
        )
