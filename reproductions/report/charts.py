"""From a comparison and its runs to figures: which lines, in which panel, in which style."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from reproductions.figures import coverage, forest, generations, span, tree
from reproductions.figures.svg import Element, element, figure, line, markup
from reproductions.report.run_views import Run
from reproductions.tables.best_of_n import spans
from reproductions.tables.verdicts import find_claim, main_rivals
from reproductions.text.phrases import VERDICTS, phrase, shown_name
from reproductions.text.templates import safe

if TYPE_CHECKING:
    from evals.comparison.document import Comparison, MethodResult

MOST_LINES = 7  # as many as there are styles
OVERVIEW_GROUPS = ("control", "experts", "even", "noise", "big", "variant", "choice", "archive")


class Panel(NamedTuple):
    """A rival's panel."""

    name: str
    figure: Any


class GenerationPanel(NamedTuple):
    """A variant's panel, with how many runs it shows and their last coverage, the mean."""

    name: str
    runs: int
    last: float
    figure: Any


class MemberBar(NamedTuple):
    """A member of the task force: its place, its name, the generation of its birth, and a bar of its shares of the seeds."""

    place: int | None
    name: str
    created: int
    bar: Any


class RunTree(NamedTuple):
    """The evolution of one run as a figure with its legend, and the members of the task force."""

    individuals: int
    ancestors: int
    figure: Any
    key: list[tuple[str, Any]]
    members: list[MemberBar]


def svg(node: Element) -> Any:
    """An element as markup for a template."""
    return safe(markup(node))


def coverage_line(comparison: "Comparison", method: "MethodResult", style: str) -> coverage.Line:
    """A method's coverage over N."""
    points = method.coverage
    return coverage.Line(
        shown_name(comparison, method.name),
        tuple(at.n for at in points),
        tuple(at.coverage.mean for at in points),
        tuple(at.coverage.low for at in points),
        tuple(at.coverage.high for at in points),
        style,
    )


def overview(comparison: "Comparison") -> tuple[Any, Any]:
    """One rival of each group beside the task force, for a wide screen and for a phone; the panels have the others."""
    rivals = [rival for rival in main_rivals(comparison) if len(rival.coverage) > 1]
    chosen = [next((r for r in rivals if r.group == group), None) for group in OVERVIEW_GROUPS]
    lines = [coverage_line(comparison, comparison.method(comparison.ours), "ours")]
    shown = [rival for rival in chosen if rival is not None][:MOST_LINES]
    lines += [coverage_line(comparison, rival, str(style)) for style, rival in enumerate(shown, 1)]
    return svg(coverage.overview(lines)), svg(coverage.overview(lines, narrow=True))


def panels(comparison: "Comparison") -> list[Panel]:
    """A panel for each rival of the main table that has numbers."""
    ours = coverage_line(comparison, comparison.method(comparison.ours), "ours")
    rivals = [coverage_line(comparison, rival, "1") for rival in main_rivals(comparison) if rival.coverage]
    shared = coverage.shared_range([ours, *rivals])
    return [Panel(rival.label, svg(coverage.panel(ours, rival, shared))) for rival in rivals]


def differences(
    comparison: "Comparison", table: str, n: int, left: str, right: str
) -> tuple[Any, Any] | None:
    """The forest of a table's claims at one N, for a wide screen and for a phone; None where there is no claim."""
    methods = main_rivals(comparison) if table == "main" else comparison.methods
    found = []
    for rival in methods:
        claim = find_claim(comparison, table, rival.id, n)
        if claim is not None:
            interval, name = claim.bootstrap, shown_name(comparison, rival.name)
            verdict = VERDICTS[claim.verdict]
            found.append(forest.Difference(name, claim.difference, interval.low, interval.high, verdict))
    if not found:
        return None
    wide, narrow = (forest.forest(found, left=left, right=right, narrow=narrow) for narrow in (False, True))
    return svg(wide), svg(narrow)


def choices(comparison: "Comparison", sizes: Sequence[int]) -> list[tuple[str, tuple[Any, Any]]]:
    """One figure for each way to choose a final answer, at the largest headline size: (title, (wide, narrow))."""
    found = []
    for selector in dict.fromkeys(row.selector for row in comparison.best_of_n.rows):
        rows = spans(comparison, selector, sizes[0])
        title = phrase("best_of_n", "block", selector=selector.replace("_", " "), n=sizes[0])
        if rows:
            wide, narrow = (svg(span.spans(rows, narrow=narrow)) for narrow in (False, True))
            found.append((title, (wide, narrow)))
    return found


def generation_panels(runs: Sequence[Run]) -> list[GenerationPanel]:
    """One panel for each variant: coverage, best and mean fitness of the archive, every run seed."""
    last = max((row.generation for run in runs for row in run.generations), default=0)
    found = []
    for variant in dict.fromkeys(run.variant for run in runs):
        here = [run for run in runs if run.variant == variant]
        tracks = [
            generations.Track(style, steps, tuple(float(row.statistics[key]) for row in run.generations))
            for style, key in (("mean", "mean_fitness"), ("best", "best_fitness"), ("coverage", "coverage"))
            for run in here
            for steps in [tuple(row.generation for row in run.generations)]
        ]
        marks = [
            row.generation
            for row in here[0].generations
            if row.generation and row.statistics.get("task_events")
        ]
        ends = [run.generations[-1].statistics["coverage"] for run in here]
        found.append(
            GenerationPanel(
                variant,
                len(here),
                sum(ends) / len(ends),
                svg(generations.panel(variant, tracks, marks, last)),
            )
        )
    return found


def generation_key() -> list[tuple[str, Any]]:
    """Swatches of the three tracks."""
    return [
        (style, svg(figure(28, 10, style, line((0, 5), (28, 5), f"track {style}"))))
        for style in ("coverage", "best", "mean")
    ]


def evolution_tree(found: tuple[list[tree.Node], list[str]]) -> RunTree:
    """The tree of one run, its members' shares of the seeds, and a legend."""
    nodes, seeds = found
    members = sorted((node for node in nodes if node.rank is not None), key=lambda node: node.rank or 0)
    return RunTree(
        individuals=len(nodes),
        ancestors=len(tree.lineage(nodes)) - len(members),
        figure=svg(tree.tree(nodes, seeds)),
        key=[(name, svg(swatch)) for name, swatch in tree.key(seeds)],
        members=[
            MemberBar(node.rank, node.seed or node.id, node.generation, svg(tree.genome(node.shares, seeds)))
            for node in members
        ],
    )


def band_key() -> list[tuple[str, Any]]:
    """Swatches of the two bands of a panel."""
    found = []
    for name, style in (("ours", "ours"), ("rival", "1")):
        parts = element("g", line((0, 6), (28, 6), "curve"), class_=f"series style-{style}")
        area = element("rect", x=0, y=1, width=28, height=10, class_=f"band style-{style}")
        found.append((name, svg(figure(28, 12, name, area, parts))))
    return found
