"""The audit as tables: the claims, what they rest on, what does not fit together."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from acdc.numbers.digits import fixed
from reproductions.tables.table import Column, Row, Table
from reproductions.text.numbers import MINUS, p_value

Json = Mapping[str, Any]
VERDICTS = {True: "agrees", False: "differs", None: "cannot be checked"}


TESTS = {"sign_flip": "sign-flip over benchmarks", "family_t": "t over families"}


def verdicts_table(audit: Json) -> Table:
    """One short row per claim: verdict, the print, the calibrated test after Holm's correction."""
    rows = []
    for claim in audit["claims"]:
        calibrated = claim["calibrated"] or {}
        rows.append(
            {
                "claim": claim["id"],
                "comparison": f"{claim['method']} − {claim['baseline']}, N = {claim['n']}, {claim['family']}",
                "verdict": VERDICTS[claim["agrees"]],
                "n": (claim["recomputed"] or {}).get("n"),
                **{f"printed_{name}": claim["printed"][name] for name in ("mean", "low", "high", "p")},
                "test": TESTS.get(calibrated.get("test", ""), ""),
                "p": calibrated.get("p"),
                "holm": calibrated.get("holm"),
            }
        )
    names = (
        "claim",
        "comparison",
        "verdict",
        "n",
        "printed_mean",
        "printed_low",
        "printed_high",
        "printed_p",
    )
    return Table(
        "paper_verdicts",
        "Published claims: the mean normalised difference as printed with its 95% interval, whether it follows from the "
        "tables, and a calibrated test.",
        _frame(rows, (*names, "test", "p", "holm")),
        [
            Column("Claim", lambda row: str(row["comparison"]), "left"),
            Column("Recomputed", lambda row: str(row["verdict"]), "left"),
            Column("n", lambda row: _whole(row["n"])),
            Column("Printed", lambda row: _interval(row, "printed")),
            Column("p", lambda row: p_value(row["printed_p"])),
            Column("Calibrated p", lambda row: p_value(row["p"])),
            Column("after Holm", lambda row: p_value(row["holm"])),
            Column("Test", lambda row: str(row["test"]) or "–", "left"),
        ],
        [
            "n: differences, benchmarks times families. Calibrated: sign-flip within a family, Student's t over the families' means "
            f"for pooled claims; Holm's correction over the {len(rows)} claims.",
        ],
    )


def claims_table(audit: Json) -> Table:
    """One row per claim: verdict, printed, recomputed, honest tests."""
    rows = []
    for claim in audit["claims"]:
        recomputed, printed, tests = claim["recomputed"] or {}, claim["printed"], claim["tests"] or {}
        rows.append(
            {
                "claim": claim["id"],
                "verdict": VERDICTS[claim["agrees"]],
                "reason": claim["reason"],
                "n": recomputed.get("n"),
                **{f"printed_{name}": printed[name] for name in ("mean", "low", "high", "p")},
                **{f"recomputed_{name}": recomputed.get(name) for name in ("mean", "low", "high", "p")},
                **{
                    name: tests.get(name)
                    for name in ("sign_flip", "holm", "paired_t", "family_bootstrap", "family_t")
                },
                "calibrated_holm": (claim["calibrated"] or {}).get("holm"),
                "rests_on": "; ".join((claim["sensitivity"] or {}).get("rests_on", [])),
            }
        )
    summary = audit["summary"]
    return Table(
        "paper_claims",
        f"Published claims recomputed from the published tables: {summary['agree']} of {summary['claims']} agree. Mean "
        "normalised difference with the published 95% interval and one-tailed p; n is the number of differences.",
        _frame(rows),
        [
            Column("Claim", lambda row: str(row["claim"]), "left"),
            Column("Verdict", lambda row: str(row["verdict"]), "left"),
            Column("n", lambda row: _whole(row["n"])),
            Column("Printed", lambda row: _interval(row, "printed")),
            Column("p", lambda row: p_value(row["printed_p"])),
            Column("Recomputed", lambda row: _interval(row, "recomputed")),
            Column("p", lambda row: p_value(row["recomputed_p"])),
            Column("Sign-flip p", lambda row: p_value(row["sign_flip"])),
            Column("after Holm", lambda row: p_value(row["holm"])),
            Column("p over families", lambda row: p_value(row["family_t"])),
            Column("Rests on", lambda row: str(row["rests_on"]) or "–", "left"),
        ],
        [
            "Recomputed: what the bootstrap converges to. p over families: Student's t over the families' means.",
            "Rests on: a family or benchmark without which the recomputed p is 0.05 or more.",
            *(f"{row['claim']}: {row['reason']}." for row in rows if row["reason"]),
        ],
    )


def findings_table(audit: Json) -> Table:
    """One row per contradiction and observation."""
    findings = [("contradiction", item) for item in audit["contradictions"]]
    findings += [("observation", item) for item in audit["observations"]]
    rows = [
        {
            "kind": kind,
            **{name: item[name] for name in ("check", "where", "says", "computed")},
            "fits": _fits(item),
        }
        for kind, item in findings
    ]
    return Table(
        "paper_findings",
        f"What does not fit together in the published numbers ({len(audit['contradictions'])}), and what they show beside "
        f"the claims ({len(audit['observations'])}); all computed from the tables. Points of coverage or accuracy.",
        _frame(rows, ("kind", "check", "where", "says", "computed", "fits")),
        [
            Column("Check", lambda row: str(row["check"]), "left"),
            Column("Where", lambda row: str(row["where"]), "left"),
            Column("Printed", lambda row: str(row["says"]), "left"),
            Column("Computed", lambda row: str(row["computed"]), "left"),
            Column("What would fit", lambda row: str(row["fits"]) or "–", "left"),
        ],
        group="kind",
    )


def sensitivity_table(audit: Json) -> Table:
    """One row per claim and part of the data that is left out."""
    rows: list[Row] = []
    for claim in audit["claims"]:
        parts = claim["sensitivity"]
        if parts is None:
            continue
        named = {
            "everything": parts["all"],
            **{f"without {name}": part for name, part in parts["without_family"].items()},
            **{f"without {name}": part for name, part in parts["without_benchmark"].items()},
            "without judged benchmarks": parts["without_judged"],
            "not normalised (points)": parts["without_normalisation"],
            "normalised over all N": parts["normalised_over_all_n"],
        }
        rows += [
            {"claim": claim["id"], "data": name, **part} for name, part in named.items() if part is not None
        ]
    return Table(
        "paper_sensitivity",
        "What each claim rests on: the published interval and p, as they converge, with parts of the data left out. Points: mean "
        "difference before normalising.",
        _frame(rows, ("claim", "data", "mean", "low", "high", "p", "n", "points", "sign_flip")),
        [
            Column("Data", lambda row: str(row["data"]), "left"),
            Column("n", lambda row: _whole(row["n"])),
            Column(
                "Difference",
                lambda row: f"{fixed(row['mean'], 3)} [{fixed(row['low'], 3)}, {fixed(row['high'], 3)}]",
            ),
            Column("Points", lambda row: fixed(row["points"], 2, plus=True)),
            Column("p", lambda row: p_value(row["p"])),
            Column("Sign-flip p", lambda row: p_value(row["sign_flip"])),
        ],
        group="claim",
    )


def _frame(rows: list[Row], columns: tuple[str, ...] | None = None) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns) if columns else None)


def _interval(row: Row, kind: str) -> str:
    mean, low, high = (row[f"{kind}_{name}"] for name in ("mean", "low", "high"))
    return "–" if mean is None or pd.isna(mean) else f"{_number(mean)} [{_number(low)}, {_number(high)}]"


def _number(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else fixed(value, 3).replace("-", MINUS)


def _whole(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else str(int(value))


def _fits(item: Json) -> str:
    detail = item["detail"]
    fits = list(detail.get("fits", []))
    if detail.get("fits_with"):
        fits.append(f"the mean that includes {', '.join(detail['fits_with'])}")
    if detail.get("implied_baseline"):
        fits.append(
            "a baseline of " + " to ".join(fixed(value, 2) for value in _ends(detail["implied_baseline"]))
        )
    return "; ".join(fits)


def _ends(values: list[float]) -> list[float]:
    return sorted({min(values), max(values)})
