"""The tables behind the verdicts: benchmarks, members, guesses, costs, and every test of every claim."""

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING

import pandas as pd

from acdc.numbers.digits import fixed, settled, sign
from reproductions.tables.table import Column, Row, Table
from reproductions.tables.verdicts import coverage_cell, difference_cell
from reproductions.text.numbers import p_value, percent
from reproductions.text.phrases import VERDICTS, count, short, shown_name, wording

if TYPE_CHECKING:
    from evals.comparison.document import Comparison

OUTSIDERS = ("experts", "control", "even", "noise", "big", "api")  # rivals that did not evolve


def benchmarks_table(comparison: "Comparison") -> Table:
    """Coverage of each benchmark at each method's largest N, with intervals over questions."""
    names = list(comparison.benchmarks)
    rows: list[Row] = []
    for method in comparison.methods:
        solved = comparison.solves.get(method.id)
        if not method.coverage or solved is None:
            continue
        row: Row = {
            "method": shown_name(comparison, method.name),
            "n": method.coverage[-1].n,
            "ours": method.id == comparison.ours,
        }
        for name in names:
            mean, low, high = wilson(solved.get(name, []), comparison.confidence)
            row |= {name: mean, f"{name}_low": low, f"{name}_high": high}
        mean_row = method.coverage[-1].coverage
        rows.append(row | {"mean": mean_row.mean, "mean_low": mean_row.low, "mean_high": mean_row.high})
    columns = [
        Column("Method", lambda row: row["method"], "left"),
        Column("N", lambda row: f"{row['n']}"),
        Column("Mean", _with_interval("mean")),
        *(Column(short(name), _with_interval(name)) for name in names),
    ]
    sizes = ", ".join(f"{short(name)} {count}" for name, count in comparison.benchmarks.items())
    caption, notes = wording("benchmarks", comparison, sizes=sizes)
    return Table("benchmarks", caption, pd.DataFrame(rows), columns, notes, emphasis="ours")


def cost_table(comparison: "Comparison") -> Table:
    """What N answers to a question cost, at each method's largest N."""
    rows = []
    for method in comparison.methods:
        if not method.coverage:
            continue
        at = method.coverage[-1]
        cut = list(method.cut_off.values())
        rows.append(
            {
                "method": shown_name(comparison, method.name),
                "n": at.n,
                "models": at.models,
                "parameters": at.parameters,
                "tokens": at.tokens,
                "flops": at.flops,
                "cut_off": sum(cut) / len(cut) if cut else None,
                "coverage": at.coverage.mean,
                "low": at.coverage.low,
                "high": at.coverage.high,
                "ours": method.id == comparison.ours,
            }
        )
    columns = [
        Column("Method", lambda row: row["method"], "left"),
        Column("N", lambda row: f"{row['n']}"),
        Column("Models", lambda row: f"{row['models']}"),
        Column("Parameters", lambda row: count(row["parameters"])),
        Column("Tokens a question", lambda row: fixed(row["tokens"], 1)),
        Column("FLOPs a question", lambda row: count(row["flops"])),
        Column("Cut off, %", lambda row: percent(row["cut_off"])),
        Column(f"Coverage, % [{comparison.confidence:.0%}]", coverage_cell),
    ]
    caption, notes = wording("cost", comparison)
    return Table(
        "cost", caption, pd.DataFrame(rows).astype({"parameters": "float64"}), columns, notes, emphasis="ours"
    )


def tests_table(comparison: "Comparison") -> Table:
    """Every test of every claim, so that readers need not trust the one that decides."""
    names = {method.id: shown_name(comparison, method.name) for method in comparison.methods}
    rows = [
        {
            "table": claim.table,
            "n": claim.n,
            "rival": names.get(claim.rival, claim.rival),
            "difference": claim.difference,
            "low": claim.bootstrap.low,
            "high": claim.bootstrap.high,
            "p": claim.bootstrap.p,
            "p_holm": claim.bootstrap.holm,
            "sign_flip": claim.sign_flip,
            "sign_flip_holm": claim.sign_flip_holm,
            "paired_t": claim.paired_t.p if claim.paired_t else None,
            "published": claim.published.p if claim.published else None,
            "published_converged": claim.published_converged.p if claim.published_converged else None,
            "verdict": VERDICTS[claim.verdict],
        }
        for claim in sorted(comparison.claims, key=lambda claim: (claim.table, -claim.n))
    ]
    names_of_columns = [
        "table",
        "n",
        "rival",
        "difference",
        "low",
        "high",
        "p",
        "p_holm",
        "sign_flip",
        "sign_flip_holm",
    ]
    frame = pd.DataFrame(
        rows, columns=[*names_of_columns, "paired_t", "published", "published_converged", "verdict"]
    )
    frame["block"] = [f"{row['table']}, N = {row['n']}" for row in rows]
    columns = [
        Column("Rival", lambda row: row["rival"], "left"),
        Column(f"Difference [{comparison.confidence:.0%}]", difference_cell),
        Column("p", lambda row: p_value(row["p"])),
        Column("Holm", lambda row: p_value(row["p_holm"])),
        Column("Sign-flip", lambda row: p_value(row["sign_flip"])),
        Column("Holm", lambda row: p_value(row["sign_flip_holm"])),
        Column("Paired t", lambda row: p_value(row["paired_t"])),
        Column("Published", lambda row: p_value(row["published"])),
        Column("converged", lambda row: p_value(row["published_converged"])),
        Column("Verdict", lambda row: row["verdict"], "left", "verdict"),
    ]
    units = len(comparison.benchmarks)
    smallest = p_value(2 / 2**units)
    caption, notes = wording("tests", comparison, units=units, smallest=smallest)
    return Table("tests", caption, frame, columns, notes, group="block")


def guesses_table(comparison: "Comparison") -> Table:
    """What guessing reaches, beside what models reach."""
    ours = comparison.method(comparison.ours).coverage
    rows = []
    for guess in comparison.guesses:
        cut = [
            method.cut_off[guess.benchmark]
            for method in comparison.methods
            if guess.benchmark in method.cut_off
        ]
        rows.append(
            {
                "benchmark": guess.benchmark,
                "questions": comparison.benchmarks.get(guess.benchmark),
                "blind_1": guess.blind_1,
                "blind_8": guess.blind_8,
                "informed_1": guess.informed_1,
                "informed_8": guess.informed_8,
                "one": ours[0].benchmarks.get(guess.benchmark) if ours else None,
                "all": ours[-1].benchmarks.get(guess.benchmark) if ours else None,
                "cut_off": max(cut) if cut else None,
            }
        )
    guesses = ["blind_1", "blind_8", "informed_1", "informed_8"]
    names = ["benchmark", "questions", *guesses, "one", "all", "cut_off"]
    first, last = (ours[0].n, ours[-1].n) if ours else (1, 1)
    columns = [
        Column("Benchmark", lambda row: short(row["benchmark"]), "left"),
        Column("Questions", lambda row: "–" if pd.isna(row["questions"]) else f"{row['questions']:.0f}"),
        Column("Blind, 1 guess, %", lambda row: percent(row["blind_1"])),
        Column("Blind, 8 guesses, %", lambda row: percent(row["blind_8"])),
        Column("Informed, 1 guess, %", lambda row: percent(row["informed_1"])),
        Column("Informed, 8 guesses, %", lambda row: percent(row["informed_8"])),
        Column(f"Task force N = {first}, %", lambda row: percent(row["one"])),
        Column(f"Task force N = {last}, %", lambda row: percent(row["all"])),
        Column("Cut off, worst method, %", lambda row: percent(row["cut_off"])),
    ]
    caption, notes = wording("guesses", comparison)
    return Table("guesses", caption, pd.DataFrame(rows, columns=names), columns, notes)


def members_table(comparison: "Comparison") -> Table:
    """Who is in the task force of each run, and what each adds."""
    variant = comparison.method(comparison.ours).variant
    rows = [
        {
            "run": member.seed,
            "place": member.place,
            "model": member.model,
            "alone": member.alone,
            "unique": member.unique,
            "shapley": member.shapley,
            "without": member.without,
            "block": f"Run seed {member.seed}",
        }
        for member in sorted(comparison.members, key=lambda m: (m.seed, m.place))
        if member.variant == variant
    ]
    names = ["run", "place", "model", "alone", "unique", "shapley", "without", "block"]
    columns = [
        Column("Model", lambda row: row["model"], "left"),
        Column("Place", lambda row: f"{row['place']}"),
        Column("Alone, %", lambda row: percent(row["alone"])),
        Column("Solved by it only", lambda row: f"{row['unique']}"),
        Column("Shapley value, points", lambda row: percent(row["shapley"])),
        Column("Coverage without it, %", lambda row: percent(row["without"])),
    ]
    caption, notes = wording("members", comparison)
    return Table("members", caption, pd.DataFrame(rows, columns=names), columns, notes, group="block")


def margins_table(comparison: "Comparison", most: int) -> Table:
    """Questions on which the task force leads the best of its rivals by most, at every method's largest N."""
    names = {m.id: shown_name(comparison, m.name) for m in comparison.methods if m.group in OUTSIDERS}
    rows: list[Row] = []
    for benchmark, questions in comparison.questions.items():
        ours = comparison.solves[comparison.ours][benchmark]
        for place, question in enumerate(questions):
            rivals = {id: comparison.solves[id][benchmark][place] for id in names if id in comparison.solves}
            best = max(rivals, key=lambda id: rivals[id], default=None)
            rival = rivals[best] if best is not None else math.nan
            row: Row = {"benchmark": benchmark, "question": question, "ours": ours[place], "rival": rival}
            rows.append(
                row | {"name": names[best] if best is not None else "", "margin": ours[place] - rival}
            )
    rows = sorted((row for row in rows if sign(row["margin"]) > 0), key=lambda row: -settled(row["margin"]))[
        :most
    ]
    columns = [
        Column("Benchmark", lambda row: short(row["benchmark"]), "left"),
        Column("Question", lambda row: row["question"], "left"),
        Column("Task force, % of runs", lambda row: percent(row["ours"], 0)),
        Column("Best rival, % chance", lambda row: percent(row["rival"], 0)),
        Column("Which", lambda row: row["name"], "left"),
    ]
    caption, notes = wording("margins", comparison)
    fields = ["benchmark", "question", "ours", "rival", "name", "margin"]
    return Table("margins", caption, pd.DataFrame(rows, columns=fields), columns, notes)


def wilson(chances: Sequence[float], confidence: float) -> tuple[float, float, float]:
    """Mean with Wilson's interval, which stays honest where all or none are solved.

    Args:
        chances: (Q,) chance that each question is solved; where they are no 0 and 1, the interval is too wide, not too narrow.
        confidence: Of the interval.

    Returns:
        Mean, low and high, all nan where there is no question.
    """
    return wilson_share(sum(chances) / len(chances) if chances else math.nan, len(chances), confidence)


def wilson_share(mean: float, n: int, confidence: float) -> tuple[float, float, float]:
    """A share of n questions with Wilson's interval (J. Am. Stat. Assoc. 22, 1927).

    Args:
        mean: In [0, 1].
        n: Questions.
        confidence: Of the interval.

    Returns:
        Mean, low and high, all nan where n is 0.
    """
    if not n:
        return math.nan, math.nan, math.nan
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    middle = (mean + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(mean * (1 - mean) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return mean, max(0.0, middle - half), min(1.0, middle + half)


def _with_interval(name: str) -> Callable[[Row], str]:
    def whole(value: float | None) -> str:
        return percent(value, 0)

    def show(row: Row) -> str:
        low, high = row[f"{name}_low"], row[f"{name}_high"]
        return "–" if math.isnan(row[name]) else f"{whole(row[name])} [{whole(low)}, {whole(high)}]"

    return show
