"""The audit: every claim recomputed from the tables, judged by what its procedure converges to, and tested honestly.

A claim agrees if mean and both ends lie within 0.004 and p within 0.01 of the print. The verdict rests on
:func:`evals.significance.converged_bootstrap`, which draws nothing; what 50,000 resamples give stands beside it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from acdc.errors import NotEnoughDataError
from acdc.numbers.digits import fixed
from evals.significance import (
    Interval,
    converged_bootstrap,
    family_bootstrap,
    holm,
    paired_t,
    published_bootstrap,
    sign_flip,
)
from reproductions.paper.claims import Claim, Printed, read_claims
from reproductions.paper.contradictions import contradictions, finding
from reproductions.paper.observations import observations
from reproductions.paper.pooling import Aliases, Difference, UncheckableError, differences, read_aliases
from reproductions.paper.published import Cell, read_published
from reproductions.paper.statements import Text, read_text

FOLDER = Path(__file__).parent
MEAN_TOLERANCE, P_TOLERANCE = 0.004, 0.01
RESAMPLES = 50_000
Json = dict[str, Any]
T = TypeVar("T")


def audit_files(
    published: Path = FOLDER / "published.csv",
    claims: Path = FOLDER / "claims.csv",
    *,
    aliases: Path = FOLDER / "aliases.yaml",
    text: Path = FOLDER,
    seed: int = 0,
) -> Json:
    """The audit of files; see :func:`audit`.

    Args:
        published: Tables, in the columns of published.csv.
        claims: Claims, in the columns of claims.csv.
        aliases: What claims call otherwise.
        text: Folder of derivations.yaml, statements.csv and questions.csv.
        seed: Of the 50,000 resamples.

    Raises:
        InputError: A file is missing or not what its columns promise; the message names the line.
    """
    return audit(
        read_published(published), read_claims(claims), read_aliases(aliases), read_text(text), seed=seed
    )


def audit(
    cells: Sequence[Cell],
    claims: Sequence[Claim],
    aliases: Aliases,
    text: Text | None = None,
    *,
    seed: int = 0,
) -> Json:
    """Recomputes claims and looks for contradictions.

    Args:
        cells: The published numbers.
        claims: The claims.
        aliases: What claims call otherwise.
        text: What the text says about the tables; without it only the tables are compared with each other.
        seed: Of the 50,000 resamples that stand beside the verdict; no verdict depends on it.

    Returns:
        "claims": per claim "id", "agrees" (None: cannot be checked), "reason", "recomputed", "published_procedure",
        "printed", "tests" (p values), "intervals", "calibrated", "sensitivity"; "contradictions" between printed numbers; "observations" beside the claims; "summary".
    """
    results = [_claim(claim, cells, aliases, seed) for claim in claims]
    _correct([result for result in results if result["tests"]])
    found = contradictions(cells, aliases, text or Text())
    found += _printed_normalisation(claims, results)
    seen = observations(cells, aliases, text or Text())
    verdicts = [result["agrees"] for result in results]
    return {
        "claims": results,
        "contradictions": found,
        "observations": seen,
        "summary": {
            "claims": len(results),
            "agree": verdicts.count(True),
            "differ": verdicts.count(False),
            "cannot be checked": verdicts.count(None),
            "below 0.05 as printed": sum(
                result["printed"]["p"] is not None and result["printed"]["p"] < 0.05 for result in results
            ),
            "below 0.05 calibrated and corrected": sum(
                result["calibrated"] is not None and result["calibrated"]["holm"] < 0.05 for result in results
            ),
        },
    }


def _claim(claim: Claim, cells: Sequence[Cell], aliases: Aliases, seed: int) -> Json:
    result: Json = {
        "id": claim.id,
        "where": claim.where,
        "family": claim.family,
        "method": claim.method,
        "baseline": claim.baseline,
        "n": claim.n,
        "agrees": None,
        "reason": "",
        "recomputed": None,
        "published_procedure": None,
        "printed": {
            "mean": claim.printed.mean,
            "low": claim.printed.low,
            "high": claim.printed.high,
            "p": claim.printed.p,
            "p_is_bound": claim.printed.p_is_bound,
        },
        "tests": None,
        "intervals": None,
        "calibrated": None,
        "sensitivity": None,
    }
    try:
        found = differences(claim, cells, aliases)
        values = np.array([difference.normalised for difference in found])
        if len(values) < 2:
            raise UncheckableError("it has a single difference, and one difference gives no interval")
        if not values.any():
            raise UncheckableError("all differences are zero")
    except UncheckableError as error:
        return {**result, "reason": f"cannot be checked: {error}"}
    recomputed = converged_bootstrap(values)
    agrees, reason = _verdict(recomputed, claim.printed)
    return {
        **result,
        "agrees": agrees,
        "reason": reason,
        "recomputed": {**_interval(recomputed), "n": len(values)},
        "published_procedure": {
            **_interval(published_bootstrap(values, resamples=RESAMPLES, seed=seed)),
            "resamples": RESAMPLES,
            "seed": seed,
        },
        **_tests(found, values),
        "sensitivity": _sensitivity(claim, cells, aliases, found),
    }


def _verdict(recomputed: Interval, printed: Printed) -> tuple[bool | None, str]:
    """Whether print and recomputation agree, and what is apart."""
    apart, compared = [], 0
    for name, tolerance in (
        ("mean", MEAN_TOLERANCE),
        ("low", MEAN_TOLERANCE),
        ("high", MEAN_TOLERANCE),
        ("p", P_TOLERANCE),
    ):
        says, is_ = getattr(printed, name), getattr(recomputed, name)
        if says is None:
            continue
        compared += 1
        below_bound = name == "p" and printed.p_is_bound and is_ <= says
        if not below_bound and abs(is_ - says) > tolerance + 1e-9:
            apart.append(f"{name} is {fixed(is_, 4)}, printed {says:g}")
    if not compared:
        return None, "cannot be checked: nothing is printed to compare with"
    return not apart, "; ".join(apart)


def _tests(found: Sequence[Difference], values: np.ndarray) -> Json:
    """Values of p and intervals of the honest tests; None where a test is not defined."""
    families: dict[str, list[float]] = {}
    for difference in found:
        families.setdefault(difference.family, []).append(difference.normalised)
    means = [float(np.mean(group)) for group in families.values()]
    student = _or_none(lambda: paired_t(values))
    by_family = _or_none(lambda: family_bootstrap(families))
    family_t = _or_none(lambda: paired_t(means))
    flipped = sign_flip(values)
    pooled = len(families) > 1
    chosen = ("family_t", family_t.p if family_t else 1.0) if pooled else ("sign_flip", flipped)
    return {
        "tests": {
            "sign_flip": flipped,
            "paired_t": student.p if student else None,
            "family_bootstrap": by_family.p if by_family else None,
            "family_t": family_t.p if family_t else None,
            "family_sign_flip": sign_flip(means) if pooled else None,
            "holm": None,
            "paired_t_holm": None,
        },
        "intervals": {
            "paired_t": _interval(student) if student else None,
            "family_bootstrap": _interval(by_family) if by_family else None,
            "family_t": _interval(family_t) if family_t else None,
        },
        "calibrated": {"test": chosen[0], "p": chosen[1], "holm": None},
    }


def _correct(results: Sequence[Json]) -> None:
    """Holm's correction over all claims that could be recomputed: of sign-flip, of t and of the calibrated test."""
    for section, p, target in (
        ("tests", "sign_flip", "holm"),
        ("tests", "paired_t", "paired_t_holm"),
        ("calibrated", "p", "holm"),
    ):
        defined = [result for result in results if result[section][p] is not None]
        for result, adjusted in zip(defined, holm([result[section][p] for result in defined]), strict=True):
            result[section][target] = float(adjusted)


def _sensitivity(claim: Claim, cells: Sequence[Cell], aliases: Aliases, found: Sequence[Difference]) -> Json:
    """The claim without one family, one benchmark, the judged ones, without normalising, and normalised over all N."""
    families = list(dict.fromkeys(difference.family for difference in found))
    benchmarks = list(dict.fromkeys(difference.benchmark for difference in found))
    over_all = _or_none(lambda: differences(claim, cells, aliases, per_n=False))
    everything = _part(found)
    without_family = {
        name: _part([d for d in found if d.family != name]) for name in families if len(families) > 1
    }
    without_benchmark = {name: _part([d for d in found if d.benchmark != name]) for name in benchmarks}
    parts = [*without_family.items(), *without_benchmark.items()]
    needed = [name for name, part in parts if part and part["p"] >= 0.05]
    return {
        "all": everything,
        "rests_on": needed if everything and everything["p"] < 0.05 else [],
        "without_family": without_family,
        "without_benchmark": without_benchmark,
        "without_judged": _part([d for d in found if not aliases.is_judged(d.benchmark)]),
        "without_normalisation": _part(found, raw=True),
        "normalised_over_all_n": _part(over_all) if over_all else None,
    }


def _part(found: Sequence[Difference], *, raw: bool = False) -> Json | None:
    values = np.array([d.raw if raw else d.normalised for d in found])
    if len(values) < 2:
        return None
    interval = converged_bootstrap(values)
    points = float(np.mean([d.raw for d in found]))
    return {**_interval(interval), "n": len(values), "points": points, "sign_flip": sign_flip(values)}


def _printed_normalisation(claims: Sequence[Claim], results: Sequence[Json]) -> list[Json]:
    """Whether the normalisation as printed, over all N together, would reproduce the claims, too."""
    fits = {}
    for claim, result in zip(claims, results, strict=True):
        over_all = result["sensitivity"] and result["sensitivity"]["normalised_over_all_n"]
        if result["agrees"] and over_all and abs(over_all["mean"] - result["recomputed"]["mean"]) > 1e-9:
            interval = Interval(over_all["mean"], over_all["low"], over_all["high"], over_all["p"])
            fits[claim.id] = _verdict(interval, claim.printed)[0]
    if not fits or all(fits.values()):
        return []
    return [
        finding(
            "normalisation",
            "; ".join(dict.fromkeys(claim.where for claim in claims)),
            "scores are normalised over all methods, families and N",
            f"so {sum(map(bool, fits.values()))} of {len(fits)} claims agree; separately for each N, all of them",
            agree_over_all_n=sorted(name for name, fit in fits.items() if fit),
        )
    ]


def _interval(interval: Interval) -> Json:
    return {"mean": interval.mean, "low": interval.low, "high": interval.high, "p": interval.p}


def _or_none(call: Callable[[], T]) -> T | None:
    try:
        return call()
    except (NotEnoughDataError, UncheckableError):
        return None
