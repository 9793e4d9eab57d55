"""The report: one HTML page that needs nothing but itself, and the tables as files.

What it says is in the templates of `report/`; here it is put together. The page has no reference to anything outside, no
time of day and no name of the machine, so that the same results give the same page on the same machine.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from acdc.files import write_text
from acdc.storage.layout import Layout
from acdc.storage.store import RunStore
from reproductions.load import answer_costs, load_audit, load_comparison, read_json, stage_times
from reproductions.paper.published import published_api_model
from reproductions.report import charts, environment
from reproductions.report.openendedness import OpenEnded, openended_view
from reproductions.report.paper_section import audit_view
from reproductions.report.run_views import Exchange, Heat, Run, capabilities, exchanges, load_runs, nodes
from reproductions.report.settings import ReportSettings
from reproductions.report.verdict_sentences import RivalVerdict, abstract, rival_verdicts, sentences
from reproductions.tables.all import all_tables
from reproductions.tables.audit import measurement_tables
from reproductions.tables.table import Table
from reproductions.tables.verdicts import headline_sizes
from reproductions.text.phrases import count, short
from reproductions.text.templates import FOLDER, render, safe

if TYPE_CHECKING:
    from acdc.config.config import Config
    from evals.audit.audit import Audit
    from evals.comparison.document import Comparison

DIRECTORY = "report"


class Detail(NamedTuple):
    """One run of the full method: its tree, what members can do by capability and by benchmark, and what was asked."""

    run: Run
    tree: charts.RunTree
    skills: Heat
    benchmarks: Heat
    exchanges: list[Exchange]


class Models(NamedTuple):
    """What the family's file says of its models by name, and of how much better the big one is."""

    models: dict[str, Any]
    big_clearly_better: bool | None
    big_advantage: dict[str, Any]


class FamilyView(NamedTuple):
    """What the templates of `text/sections` ask of a family; figures and tables are markup, pairs of figures (wide, narrow)."""

    name: str
    comparison: "Comparison"
    sizes: list[int]
    made: dict[str, Table]
    audit: "Audit | None"
    answer_costs: dict[str, dict[str, float]]
    tables: dict[str, Any]
    abstract: list[str]
    sentences: list[tuple[int, list[str]]]
    rival_verdicts: list[RivalVerdict]
    overview: tuple[Any, Any]
    panels: list[charts.Panel]
    band_key: list[tuple[str, Any]]
    forests: dict[tuple[str, int], tuple[Any, Any] | None]
    choices: list[tuple[str, tuple[Any, Any]]]
    generations: list[charts.GenerationPanel]
    generation_key: list[tuple[str, Any]]
    openendedness: OpenEnded | None
    runs: list[Run]
    mine: list[Run]
    details: list[Detail]
    models: Models
    seconds: dict[str, float]
    total_answers: str
    total_tokens: str
    settings: str
    variants: dict[str, dict[str, Any]]
    overlays: dict[str, str]
    unchanged: list[str]
    short: Callable[[str], str]


def write_report(config: "Config", layout: Layout, families: Sequence[str]) -> list[Path]:
    """Write page and tables.

    Args:
        config: All settings.
        layout: Where things lie.
        families: Which of them.

    Returns:
        Paths written, the page first.

    Raises:
        InputError: A family has no comparison yet, or a file is damaged; nothing is written.
    """
    settings = config.section("report", ReportSettings)
    comparisons = {name: load_comparison(layout, config, name) for name in families}
    views = [family_view(config, layout, comparison, settings) for comparison in comparisons.values()]
    audit = audit_view(layout)
    page = render(
        "page.html",
        audit=audit,
        title=settings.title,
        sections=list(_sections().items()),
        families=views,
        environment=environment.describe(),
        style=safe((FOLDER / "style.css").read_text(encoding="utf-8")),
        script=safe((FOLDER / "page.js").read_text(encoding="utf-8")),
        settings=settings,
    )
    directory = layout.root / DIRECTORY
    written = [directory / "index.html"]
    for view in views:
        below = directory / "tables" / (view.name if len(views) > 1 else "")
        for table in view.made.values():
            written += table.write(below)
    for table in audit["made"] if audit else []:
        written += table.write(directory / "tables")
    write_text(written[0], page)
    return written


def family_view(
    config: "Config", layout: Layout, comparison: "Comparison", settings: ReportSettings
) -> FamilyView:
    """Everything that the templates ask of a family."""
    name = comparison.family
    sizes = headline_sizes(comparison, settings.headline_sizes)
    audit = load_audit(layout, name)
    made = all_tables(comparison, settings.headline_sizes, published_api_model(name))
    made |= measurement_tables(comparison, audit, settings.headline_sizes)
    variants = list(dict.fromkeys(m.variant for m in comparison.methods if m.variant))
    runs = load_runs(layout, name, variants, comparison.runs)
    ours = comparison.method(comparison.ours)
    mine = [run for run in runs if run.variant == ours.variant]
    return FamilyView(
        name=name,
        comparison=comparison,
        sizes=sizes,
        made=made,
        audit=audit,
        answer_costs=answer_costs(layout, name) if audit else {},
        tables={key: safe(table.html()) for key, table in made.items()},
        abstract=abstract(comparison),
        sentences=[(n, sentences(comparison, n)) for n in sizes],
        rival_verdicts=rival_verdicts(comparison, sizes[0]),
        overview=charts.overview(comparison),
        panels=charts.panels(comparison),
        band_key=charts.band_key(),
        forests={
            (table, n): charts.differences(comparison, table, n, left, right)
            for table, left, right in (
                ("main", "rival better", "task force better"),
                ("variants", "variant better", "full method better"),
            )
            for n in sizes
        },
        choices=charts.choices(comparison, sizes),
        generations=charts.generation_panels(runs),
        generation_key=charts.generation_key(),
        openendedness=openended_view(layout, name, runs),
        runs=runs,
        mine=mine,
        details=[_detail(layout, name, comparison, run, settings) for run in mine],
        models=_models(layout, name),
        seconds=stage_times(layout, name),
        total_answers=count(sum(run.answers for run in runs)),
        total_tokens=count(sum(run.tokens for run in runs)),
        settings=_yaml(mine[0].settings) if mine else "",
        variants={v: dict(config.variants.get(v, {})) for v in variants},
        overlays={v: _yaml(config.variants.get(v, {})) for v in variants if v != ours.variant},
        unchanged=_unchanged(runs, ours.variant),
        short=short,
    )


def _unchanged(runs: Sequence[Run], ours: str) -> list[str]:
    """Variants whose every run chose the same models, by weights, as the full method's run of the same seed."""

    def chosen(run: Run) -> list[str]:
        hashes = {candidate["id"]: candidate["weights_hash"] for candidate in run.force["candidates"]}
        return [hashes[member] for member in run.members]

    mine = {run.seed: chosen(run) for run in runs if run.variant == ours}
    others: dict[str, list[bool]] = {}
    for run in runs:
        if run.variant != ours and run.seed in mine:
            others.setdefault(run.variant, []).append(chosen(run) == mine[run.seed])
    return [variant for variant, same in others.items() if all(same)]


def _detail(
    layout: Layout, family: str, comparison: "Comparison", run: Run, settings: ReportSettings
) -> Detail:
    """What is shown of one run of the full method."""
    with RunStore.read(layout.run(family, run.variant, run.seed)) as store:
        found = nodes(store, run)
        return Detail(
            run,
            charts.evolution_tree(found),
            capabilities(store, run),
            benchmark_heat(comparison, run),
            exchanges(store, run, settings.tasks),
        )


def benchmark_heat(comparison: "Comparison", run: Run) -> Heat:
    """Members × unseen benchmarks of one run."""
    members = [m for m in comparison.members if m.variant == run.variant and m.seed == run.seed]
    names = list(comparison.benchmarks)
    rows = [
        (f"{m.place}. {m.model}", [m.benchmarks.get(name) for name in names])
        for m in sorted(members, key=lambda member: member.place)
    ]
    columns = [(short(name), comparison.benchmarks[name]) for name in names]
    ours = comparison.method(comparison.ours).coverage
    together = [ours[-1].benchmarks.get(name) for name in names] if ours else [None] * len(names)
    return Heat(columns, rows, together)


def _models(layout: Layout, family: str) -> Models:
    """The family's file, with empty parts where a family says nothing about them."""
    document = read_json(layout.family_file(family)) or {}
    return Models(
        {name: about for name, about in document.get("models", {}).items() if "parameters" in about},
        document.get("big_clearly_better"),
        document.get("big_advantage") or {},
    )


def _sections() -> dict[str, str]:
    from acdc.parsing.yaml import read_yaml_file

    found: dict[str, str] = read_yaml_file(FOLDER / "sections.yaml")
    return found


def _yaml(value: Any) -> str:
    from acdc.parsing.yaml import write_yaml

    return write_yaml(value) if value else ""
