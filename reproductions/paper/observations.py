"""What the tables show beside what is claimed: comparisons that are lost, and what rests on the length of answers."""

from collections.abc import Sequence

from acdc.numbers.digits import fixed
from reproductions.paper.contradictions import Finding, finding
from reproductions.paper.lookup import Lookup
from reproductions.paper.pooling import Aliases
from reproductions.paper.published import Cell
from reproductions.paper.statements import DifferenceRule, LengthRule, Text


def observations(cells: Sequence[Cell], aliases: Aliases, text: Text) -> list[Finding]:
    """All observations; arguments and result as for :func:`reproductions.paper.contradictions.contradictions`."""
    table = Lookup(cells, aliases)
    return [
        *_where_behind(table, text.derivations.differences),
        *_answer_length(table, text.derivations.answer_length),
    ]


def _where_behind(table: Lookup, rules: Sequence[DifferenceRule]) -> list[Finding]:
    """Comparisons of averages that the method loses in at least one family."""
    found = []
    for rule in rules:
        if rule.baseline is not None:
            continue
        names = dict.fromkeys(alias.when.method for alias in table.aliases.aliases if alias.when.method)
        inside = [row for row in table.rows if row[0] in rule.tables and row[4] == rule.of]
        names |= dict.fromkeys(row[2] for row in inside)
        stand_ins = {alias.rows.method for alias in table.aliases.aliases} - {
            alias.when.method for alias in table.aliases.aliases
        }
        names = {name: None for name in names if name != rule.method and name not in stand_ins}
        ours = [row for row in inside if row[2] == rule.method]
        for n in sorted({row[3] for row in ours}):
            for baseline in names:
                gains = {}
                for family in dict.fromkeys(row[1] for row in ours):
                    gain = table.difference(
                        rule.tables, family, rule.method, str(baseline), n, rule.of, "Average"
                    )
                    if gain is not None:
                        gains[family] = round(gain, 2)
                behind = [family for family, gain in gains.items() if gain < 0]
                if behind:
                    found.append(
                        finding(
                            "standing",
                            f"{', '.join(rule.tables)}: {rule.method} − {baseline}, N={n}",
                            f"{len(gains)} families",
                            f"behind in {len(behind)}: {', '.join(f'{name} {fixed(gains[name], 2, plus=True)}' for name in behind)}",
                            gains=gains,
                        )
                    )
    return found


def _answer_length(table: Lookup, rules: Sequence[LengthRule]) -> list[Finding]:
    """Average gains that change sign between long and short answers."""
    found = []
    for rule in rules:
        rows = [
            row
            for row in table.rows
            if row[0] in rule.long and row[2] != rule.method and row[4] == rule.metric
        ]
        for _, family, baseline, n, metric in rows:
            sizes = (3, 8) if any(r.match(None, family, baseline, n) for r in table.aliases.every_n) else (n,)
            for size in sizes:
                gains = [
                    table.difference(tables, family, rule.method, baseline, size, metric, "Average")
                    for tables in (rule.long, rule.short)
                ]
                if gains[0] is not None and gains[1] is not None and gains[0] * gains[1] < 0:
                    found.append(
                        finding(
                            "answer length",
                            f"{', '.join(rule.long)} and {', '.join(rule.short)}: {family}, {rule.method} − {baseline}, N={size}",
                            f"long answers {fixed(gains[0], 2, plus=True)}",
                            f"short answers {fixed(gains[1], 2, plus=True)}",
                        )
                    )
    return found
