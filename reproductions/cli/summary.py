"""``acdc summary``: the verdict table and what it says in plain words, in a terminal."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from acdc.cli.options import PARAMS, Json, Overrides, Params, settings

if TYPE_CHECKING:
    from rich.console import Console

    from evals.comparison.document import Comparison
    from reproductions.tables.table import Table

REPORT = Path("report") / "index.html"
SHORT = {"task force ahead": "ahead", "level": "level", "behind": "behind"}
STYLES = {"ahead": "green", "behind": "red"}


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "summary", help="Print the verdict table, what it says in plain words, and where the report is."
    )(summary)


def summary(
    family: Annotated[list[str], typer.Option("--family", help="Only this family; may be repeated.")] = [],  # noqa: B006
    params: Params = PARAMS,
    overrides: Overrides = [],  # noqa: B006
    as_json: Json = False,
) -> None:
    """Print the verdicts."""
    from acdc.storage.layout import Layout
    from reproductions.load import load_comparison, stage_times
    from reproductions.paper.published import published_api_model
    from reproductions.report.settings import ReportSettings
    from reproductions.report.verdict_sentences import abstract, sentences
    from reproductions.tables.all import main_table
    from reproductions.tables.verdicts import headline_sizes

    config = settings(params, overrides)
    report = config.section("report", ReportSettings)
    layout = Layout()
    families = family or config.selected.families
    for name in families:
        config.family(name)
    comparisons = {name: load_comparison(layout, config, name) for name in families}
    page = layout.root / REPORT
    results: dict[str, Any] = {}
    for name, comparison in comparisons.items():
        table = main_table(comparison, report.headline_sizes, published_api_model(name))
        sizes = headline_sizes(comparison, report.headline_sizes)
        results[name] = {
            "abstract": abstract(comparison),
            "verdicts": json.loads(table.frame.to_json(orient="records")),
            "sentences": sentences(comparison, sizes[0]),
            "seconds": stage_times(layout, name),
            "report": str(page) if page.is_file() else None,
        }
        if not as_json:
            _print(comparison, table, results[name])
    if as_json:
        typer.echo(json.dumps(results, indent=2, ensure_ascii=False))
    elif page.is_file():
        typer.echo(f"The report: {page}")
    else:
        typer.echo("There is no report yet: `acdc report` writes it.")


def _print(comparison: "Comparison", table: "Table", result: dict[str, Any]) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=False)
    _print_table(console, comparison, table)
    for sentence in result["abstract"]:
        console.print(f"\n{sentence}", markup=False)
    console.print()
    for sentence in result["sentences"]:
        console.print(f"- {sentence}", markup=False)
    if result["seconds"]:
        times = ", ".join(f"{stage} {seconds:,.0f} s" for stage, seconds in result["seconds"].items())
        console.print(f"\nTime of each part, all variants together: {times}.", markup=False)
    console.print()


def _print_table(console: "Console", comparison: "Comparison", table: "Table") -> None:
    from rich.table import Table as Grid
    from rich.text import Text

    console.print(table.caption, markup=False)
    grid = Grid(box=None, pad_edge=False, padding=(0, 1, 0, 0), collapse_padding=True)
    level = f"{comparison.confidence:.0%}"
    grid.add_column("Method", overflow="fold")
    for title in ("N", f"coverage % [{level}]", f"ours − rival [{level}]", "p Holm"):
        grid.add_column(title, justify="right", no_wrap=True)
    grid.add_column("ours is", no_wrap=True)
    last = None
    for row, cells in zip(table.rows(), table.cells(), strict=True):
        if last not in (None, row["block"]):
            grid.add_section()
            grid.add_row()
        last = row["block"]
        verdict = SHORT.get(cells[-1], cells[-1])
        style = "bold" if row["ours"] else ""
        words = Text(verdict, style=STYLES.get(verdict, ""))
        grid.add_row(*(Text(cell, style=style) for cell in cells[:-1]), words)
    console.print(grid)
