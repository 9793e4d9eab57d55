"""What does not fit together in the printed numbers, found by recomputing them, not from a list.

Each check looks at all cells and returns findings: {"check", "where", "says", "computed", "detail"}. What is derived from
what, and what the text says, are files; a check for which they say nothing finds nothing. What no table holds (what a run
did, what a configuration said) cannot be found here.
"""

import fnmatch
from collections.abc import Sequence
from typing import Any, NamedTuple

from acdc.numbers.digits import fixed
from reproductions.paper.lookup import Lookup, Row, left_out, row_name
from reproductions.paper.pooling import Aliases
from reproductions.paper.published import Cell
from reproductions.paper.statements import DifferenceRule, Statement, Text

Finding = dict[str, Any]
ROUNDED_TWICE = 0.02  # averages were rounded before they were subtracted, and the difference again


def contradictions(cells: Sequence[Cell], aliases: Aliases, text: Text) -> list[Finding]:
    """All findings, check by check in a fixed order.

    Args:
        cells: The published numbers.
        aliases: What is called otherwise.
        text: What is known beside the tables.
    """
    table = Lookup(cells, aliases)
    return [
        *_averages(table),
        *_derived(table, text.derivations.differences),
        *_statements(table, text.statements),
        *_repeats(table),
        *_counts(table, text),
        *_shrinking(table, text.derivations.grows_with_n),
        *_cut_off(table, text),
    ]


def _averages(table: Lookup) -> list[Finding]:
    """Printed means that are not the means of their rows, beyond what rounding allows."""
    found = []
    for row, columns in table.rows.items():
        parts = table.benchmarks(row)
        for name, cell in columns.items():
            if not table.aliases.is_average(name) or len(parts) < 2:
                continue
            kept = [part for benchmark, part in parts.items() if not left_out(name, benchmark)]
            mean = sum(part.value for part in kept) / len(kept)
            rounding = _half(cell) + sum(map(_half, kept)) / len(kept)
            if abs(mean - cell.value) > rounding + 1e-9:
                found.append(
                    finding(
                        "average",
                        row_name(row),
                        f"{name} {cell.value}",
                        fixed(mean, 3),
                        line=cell.line,
                        n=len(kept),
                    )
                )
    return found


def _half(cell: Cell) -> float:
    """Half a unit of the last printed digit; two digits where the file dropped zeros."""
    return 0.5 * 10.0 ** -max(cell.decimals, 2)


def _derived(table: Lookup, rules: Sequence[DifferenceRule]) -> list[Finding]:
    """Tables of differences that do not follow from the tables they come from."""
    found = []
    for rule in rules:
        apart: dict[str, list[_Misfit]] = {}
        for cell in table.cells:
            if (
                cell.table == rule.table
                and cell.metric == rule.metric
                and fnmatch.fnmatchcase(cell.method, rule.rows)
            ):
                entry = _misfit(table, rule, cell)
                if entry:
                    apart.setdefault(cell.method, []).append(entry)
        for method, entries in apart.items():
            found.append(
                finding(
                    "derived",
                    f"{rule.table}, rows {method!r}",
                    "; ".join(f"{e.family} N={e.n}: {fixed(e.printed, 2, plus=True)}" for e in entries),
                    "; ".join(f"{e.family} N={e.n}: {fixed(e.computed, 2, plus=True)}" for e in entries),
                    implied_baseline=sorted(
                        {e.implied_baseline for e in entries if e.implied_baseline is not None}
                    ),
                    fits_with=sorted({name for e in entries for name in e.fits_with or ()}),
                    entries=[e.known() for e in entries],
                )
            )
    return found


class _Misfit(NamedTuple):
    """A printed difference that is not what the table's scores give, and what would explain it, where that is known."""

    family: str
    n: int
    printed: float
    computed: float
    implied_baseline: float | None = None
    fits_with: list[str] | None = None

    def known(self) -> dict[str, object]:
        """For JSON: what is known of it."""
        return {name: value for name, value in self._asdict().items() if value is not None}


def _misfit(table: Lookup, rule: DifferenceRule, cell: Cell) -> _Misfit | None:
    """What a printed difference should be, if it is not; and what would explain it."""
    baseline = rule.baseline or cell.method.removeprefix("vs ")

    def gain(family: str, tables: Sequence[str]) -> float | None:
        return table.difference(tables, family, rule.method, baseline, cell.n, rule.of, cell.benchmark)

    families = [cell.family]
    if table.aliases.is_average(cell.family):
        names = dict.fromkeys(other.family for other in table.cells if other.table == rule.table)
        families = [name for name in names if not table.aliases.is_average(name)]
    gains = [gain(family, rule.tables) for family in families]
    known = [value for value in gains if value is not None]
    if len(known) != len(families) or abs(sum(known) / len(known) - cell.value) <= ROUNDED_TWICE:
        return None
    computed = round(sum(known) / len(known), 3)
    if len(families) == 1:
        ours = table.find(rule.tables, cell.family, rule.method, cell.n, rule.of)
        score = table.score(ours, cell.benchmark) if ours else None
        implied = None if score is None else round(score - cell.value, 2)
        return _Misfit(cell.family, cell.n, cell.value, computed, implied)
    # A mean over families that does not fit may be over other families than its table shows.
    fits = set()
    for row in table.rows:
        if row[2] == rule.method and row[3] == cell.n and row[4] == rule.of and row[1] not in families:
            more = gain(row[1], (row[0],))
            if more is not None and abs((sum(known) + more) / (len(known) + 1) - cell.value) <= ROUNDED_TWICE:
                fits.add(f"{row[1]} ({row[0]})")
    return _Misfit(cell.family, cell.n, cell.value, computed, fits_with=sorted(fits) or None)


def _statements(table: Lookup, statements: Sequence[Statement]) -> list[Finding]:
    """Sentences that their tables contradict, and which comparison gives the number that was printed."""
    found = []
    for said in statements:
        computed = table.difference(
            said.tables, said.family, said.method, said.baseline, said.n, said.metric, said.benchmark
        )
        positive = said.printed == ">0"
        if computed is None or (
            computed > 0 if positive else abs(computed - float(said.printed)) <= ROUNDED_TWICE
        ):
            continue
        found.append(
            finding(
                "statement",
                f"{said.where} ({said.id})",
                f"{said.family}, {said.method} − {said.baseline}, N={said.n}, {said.benchmark}: {said.printed}",
                fixed(computed, 2, plus=True),
                fits=[] if positive else _who_fits(table, said),
            )
        )
    return found


def _who_fits(table: Lookup, said: Statement) -> list[str]:
    """Comparisons of the same method, family and tables that give the printed number."""
    names = {row[2] for row in table.rows if row[0] in said.tables and row[1] == said.family}
    names |= {alias.when.method for alias in table.aliases.aliases if alias.when.method}
    sizes = sorted({row[3] for row in table.rows if row[0] in said.tables})
    fits = []
    for name in sorted(names - {said.method}):
        for n in sizes:
            value = table.difference(
                said.tables, said.family, said.method, name, n, said.metric, said.benchmark
            )
            if value is not None and abs(value - float(said.printed)) <= ROUNDED_TWICE:
                fits.append(f"vs {name} N={n}")
    return fits


def _repeats(table: Lookup) -> list[Finding]:
    """Rows of other names or other metrics that repeat each other on at least four benchmarks and on half of them."""
    plain = {
        row: {name.removesuffix("-judge"): cell.value for name, cell in table.benchmarks(row).items()}
        for row in table.rows
    }
    listed = [row for row in plain if len(plain[row]) >= 4]
    groups: dict[tuple[str, ...], list[tuple[Row, Row, list[str], int]]] = {}
    for index, one in enumerate(listed):
        for other in listed[index + 1 :]:
            if one[1] != other[1] or one[3] != other[3] or (one[2], one[4]) == (other[2], other[4]):
                continue
            shared = plain[one].keys() & plain[other].keys()
            equal = sorted(name for name in shared if plain[one][name] == plain[other][name])
            # One answer per question scores the same on code and maths under every metric: only all of them count.
            enough = len(shared) if one[4] != other[4] else max(4, (len(shared) + 1) // 2)
            if len(equal) >= max(4, enough):
                labels = sorted({f"{one[2]} ({one[4]})", f"{other[2]} ({other[4]})"})
                groups.setdefault((one[1], *labels), []).append((one, other, equal, len(shared)))
    return [
        finding(
            "repeat",
            f"{family}: {first} and {second}",
            "two names, or two metrics",
            f"the same numbers on {min(len(equal) for _, _, equal, _ in pairs)} to "
            f"{max(len(equal) for _, _, equal, _ in pairs)} of {max(count for _, _, _, count in pairs)} benchmarks",
            rows=[f"{row_name(one)} = {row_name(other)}" for one, other, _, _ in pairs],
            equal=sorted({name for _, _, equal, _ in pairs for name in equal}),
        )
        for (family, first, second), pairs in groups.items()
    ]


def _counts(table: Lookup, text: Text) -> list[Finding]:
    """Percentages that no whole number of questions gives (the GRIM test, Brown & Heathers 2017).

    One unit of the last digit is let pass, for numbers that were rounded twice.
    """
    found = []
    for row in table.rows:
        name = f"{row[1]} {row[2]}"
        if not row[4].endswith("_pct") or any(fnmatch.fnmatchcase(name, p) for p in text.derivations.means):
            continue
        impossible = {}
        for benchmark, questions in text.questions:
            cell = table.benchmarks(row).get(benchmark)
            if cell is None:
                continue
            nearest = 100 * round(cell.value * questions / 100) / questions
            if (
                abs(nearest - cell.value) > 3 * _half(cell) + 1e-9
                and abs(round(nearest, 1) - cell.value) > 1e-9
            ):
                impossible[benchmark] = {
                    "printed": cell.value,
                    "nearest": round(nearest, 2),
                    "questions": questions,
                }
        if impossible:
            found.append(
                finding(
                    "count",
                    row_name(row),
                    "; ".join(f"{benchmark} {entry['printed']}" for benchmark, entry in impossible.items()),
                    "; ".join(
                        f"nearest with {entry['questions']} questions: {entry['nearest']}"
                        for entry in impossible.values()
                    ),
                    impossible=impossible,
                )
            )
    return found


def _shrinking(table: Lookup, metrics: Sequence[str]) -> list[Finding]:
    """Coverage that falls when answers are added."""
    found = []
    for row in table.rows:
        for other in table.rows:
            if (
                row[:3] != other[:3]
                or row[4] != other[4]
                or row[4] not in metrics
                or not 0 < row[3] < other[3]
            ):
                continue
            for benchmark, cell in table.benchmarks(row).items():
                later = table.benchmarks(other).get(benchmark)
                if later and later.value < cell.value:
                    found.append(
                        finding(
                            "shrinks",
                            f"{row_name(other)}, {benchmark}",
                            f"{later.value}",
                            f"at least {cell.value} (N={row[3]})",
                        )
                    )
    return found


def _cut_off(table: Lookup, text: Text) -> list[Finding]:
    """Single large models that score below half of the worst small one of their family: an answer limit, or a fault."""
    questions = dict(text.questions)
    found = []
    for row in table.rows:
        serves = any(rows.match(*row[:4]) for rows in table.aliases.every_n)
        small = [
            other for other in table.rows if other[0] == row[0] and other[1] == row[1] and other[3] > row[3]
        ]
        if not serves or not small:
            continue
        for benchmark, cell in table.benchmarks(row).items():
            scores = [table.rows[other][benchmark].value for other in small if benchmark in table.rows[other]]
            if scores and cell.value < min(scores) / 2:
                right = round(cell.value * questions[benchmark] / 100) if benchmark in questions else None
                found.append(
                    finding(
                        "implausibly low",
                        f"{row_name(row)}, {benchmark}",
                        f"{cell.value}"
                        + (f": {right} of {questions[benchmark]}" if right is not None else ""),
                        f"its small relatives reach {min(scores)} to {max(scores)}",
                        right=right,
                        questions=questions.get(benchmark),
                        right_of_single_answers=_right(table, row[0], benchmark, questions.get(benchmark)),
                    )
                )
    return found


def _right(table: Lookup, name: str, benchmark: str, questions: int | None) -> dict[str, int]:
    """How many questions each model that answers once gets right in this table."""
    return {
        f"{row[1]} {row[2]}": round(table.rows[row][benchmark].value * questions / 100)
        for row in table.rows
        if questions and row[0] == name and benchmark in table.rows[row]
        if any(rows.match(*row[:4]) for rows in table.aliases.every_n)
    }


def finding(check: str, where: str, says: str, computed: str, **detail: object) -> Finding:
    """One finding; what is beside the four sentences goes into its detail."""
    return {"check": check, "where": where, "says": says, "computed": computed, "detail": detail}
