"""``acdc table NAME``: one table of the report, of the audit or of the paper, as Markdown, LaTeX, CSV or HTML."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acdc.cli.options import PARAMS, Json, Overrides, Params, settings

if TYPE_CHECKING:
    from acdc.config.config import Config
    from reproductions.tables.table import Table

AUDIT = ("paper_verdicts", "paper_claims", "paper_findings", "paper_sensitivity")
REPORT = (
    "verdicts",
    "benchmarks",
    "best_of_n",
    "variants",
    "generations",
    "members",
    "margins",
    "guesses",
    "cost",
    "tests",
)

MEASUREMENT = ("cut_off", "leaks", "leak_gains", "judged")


class Format(StrEnum):
    """How a table is written."""

    MARKDOWN = "markdown"
    LATEX = "latex"
    CSV = "csv"
    HTML = "html"


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("table", help="Print one table; without a name: which tables there are.")(table)


def table(
    name: Annotated[
        str, typer.Argument(help="verdicts, ..., paper_claims, ..., or table6 for one of the paper's.")
    ] = "",
    form: Annotated[Format, typer.Option("--format", "-f", help="How it is written.")] = Format.MARKDOWN,
    family: Annotated[
        str | None, typer.Option(help="Whose table; default: the first that is selected.")
    ] = None,
    root: Annotated[
        list[Path],
        typer.Option(
            help="For the paper's: where ours were measured; may be repeated. Default: here and in build/reproductions."
        ),
    ] = [],  # noqa: B006
    params: Params = PARAMS,
    overrides: Overrides = [],  # noqa: B006
    as_json: Json = False,
) -> None:
    """Print."""
    from reproductions.paper.printed_tables import Print, normal_name

    name = normal_name(name)
    if not name:
        names = {
            "report": list(REPORT),
            "measurement": list(MEASUREMENT),
            "audit": list(AUDIT),
            "paper": Print.read().names(),
        }
        lines = [f"{group}: {', '.join(members)}" for group, members in names.items()]
        typer.echo(json.dumps(names, indent=2) if as_json else "\n".join(lines))
        return
    if name in AUDIT:
        made = _of_audit(name)
    elif name.startswith("table"):
        made = _of_paper(name, root)
    else:
        made = _of_report(name, settings(params, overrides), family)
    if as_json:
        typer.echo(json.dumps({"name": made.name, "caption": made.caption, "rows": _rows(made)}, indent=2))
        return
    writers = {
        Format.MARKDOWN: made.markdown,
        Format.LATEX: made.latex,
        Format.CSV: made.csv,
        Format.HTML: made.html,
    }
    typer.echo(writers[form](), nl=False)


def _rows(made: "Table") -> object:
    return json.loads(made.frame.to_json(orient="records"))


def _of_paper(name: str, roots: list[Path]) -> "Table":
    """A published table with ours in it, where there are any."""
    from acdc.storage.layout import Layout
    from reproductions.cli.reproduce import ROOT
    from reproductions.paper.printed_tables import Print
    from reproductions.paper.with_our_numbers import compared_with_paper

    places = roots or [Path(), *sorted(path for path in ROOT.glob("*") if path.is_dir())]
    return compared_with_paper(Print.read(), name, [Layout(place) for place in places])


def _of_audit(name: str) -> "Table":
    from acdc.errors import InputError
    from acdc.storage.layout import Layout
    from reproductions.load import paper_audit
    from reproductions.paper.audit_tables import (
        claims_table,
        findings_table,
        sensitivity_table,
        verdicts_table,
    )

    audit = paper_audit(Layout())
    if audit is None:
        raise InputError(f"{name}: there is no audit of the paper yet; `acdc audit-paper` writes it")
    makers = dict(zip(AUDIT, (verdicts_table, claims_table, findings_table, sensitivity_table), strict=True))
    return makers[name](audit)


def _of_report(name: str, config: "Config", family: str | None) -> "Table":
    import difflib

    from acdc.errors import InputError
    from acdc.storage.layout import Layout
    from reproductions.load import load_audit, load_comparison
    from reproductions.paper.printed_tables import Print
    from reproductions.paper.published import published_api_model
    from reproductions.report.settings import ReportSettings
    from reproductions.tables.all import all_tables
    from reproductions.tables.audit import measurement_tables

    if name not in (*REPORT, *MEASUREMENT):
        known = [*REPORT, *MEASUREMENT, *AUDIT, *Print.read().names()]
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise InputError(f"there is no table {name!r}; {hint}")
    family = family or config.selected.families[0]
    config.family(family)
    comparison = load_comparison(Layout(), config, family)
    sizes = config.section("report", ReportSettings).headline_sizes
    found = all_tables(comparison, sizes, published_api_model(family))
    if name in MEASUREMENT:
        audit = load_audit(Layout(), family)
        if audit is None:
            raise InputError(f"{name}: the measurement of {family} was not audited; run `acdc audit`")
        found = measurement_tables(comparison, audit, sizes)
    if name not in found:
        raise InputError(f"{name}: {family} has no row for it; there are {', '.join(found)}")
    return found[name]
