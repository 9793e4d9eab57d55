"""Claims: ours against each rival, by the honest tests and the published one, corrected over all claims of a table."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from acdc.errors import NotEnoughDataError
from acdc.numbers.digits import TIE, settled, sign
from evals.comparison.document import Claim, Significance
from evals.comparison.estimates import Estimates, Key, by_run
from evals.comparison.evidence import Entry
from evals.settings import ComparisonSettings, StatisticsSettings
from evals.significance import converged_bootstrap, holm, paired_t, published_bootstrap, sign_flip
from evals.statistics.bootstrap import Means, mean_of

_PUBLISHED_RESAMPLES = 50_000


def claims(estimates: Estimates, ours: Entry, settings: ComparisonSettings) -> list[Claim]:
    """All claims, each table corrected for itself.

    Args:
        estimates: Every method.
        ours: Whose claims they are.
        settings: At which N, and which variants belong among the rivals of the main table.
    """
    rivals = [entry for entry in estimates.evidence.entries if entry is not ours and entry.sizes()]
    tables = {
        "main": [
            entry for entry in rivals if entry.group != "variant" or entry.variant in settings.search_controls
        ],
        "variants": [entry for entry in rivals if entry.group == "variant"],
    }
    claims: list[Claim] = []
    for table, members in tables.items():
        pairs = [
            (n, rival, 1 if rival.sizes() == [1] else n)
            for n in settings.claim_sizes
            if n in ours.sizes()
            for rival in members
            if n in rival.sizes() or rival.sizes() == [1]
        ]
        made = [_claim(estimates, table, (ours.id, n), (rival.id, rival_n)) for n, rival, rival_n in pairs]
        claims += _corrected(made, estimates.statistics.alpha)
    return claims


def between(estimates: Estimates, pairs: Sequence[tuple[Key, Key]]) -> list[Claim]:
    """Claims about any pairs of methods, corrected together.

    Args:
        estimates: Every method.
        pairs: (id, N) of the first and of the second.
    """
    made = [_claim(estimates, "pairs", first, second) for first, second in pairs]
    return _corrected(made, estimates.statistics.alpha)


def _claim(estimates: Estimates, table: str, ours: Key, rival: Key) -> Claim:
    statistics = estimates.statistics
    differences = estimates.difference(ours, rival)
    mean = mean_of(differences)
    means = estimates.drawn_means[ours] - estimates.drawn_means[rival]
    interval = estimates.drawn.interval(mean, means)
    per_benchmark = {name: float(values.mean()) for name, values in differences.items()}
    raw, runs = np.array(list(per_benchmark.values())), by_run(differences)
    normalised = _normalised(estimates, ours, rival)
    return Claim(
        table=table,
        ours=ours[0],
        rival=rival[0],
        n=ours[1],
        rival_n=rival[1],
        difference=mean,
        benchmarks=per_benchmark,
        runs=runs,
        bootstrap=Significance(**interval._asdict() | {"p": _two_sided(means)}, sides="two"),
        sign_flip=sign_flip(raw, alternative="two-sided", seed=statistics.seed),
        sign_flip_holm=1.0,
        paired_t=_paired_t(raw, statistics.confidence),
        runs_t=_paired_t(np.array(runs), statistics.confidence),
        published=_published(normalised, statistics),
        published_converged=_converged(normalised, statistics),
        published_raw=_published(raw, statistics),
        verdict="undecided",
    )


def _corrected(claims: Sequence[Claim], alpha: float) -> list[Claim]:
    """With Holm's correction over these claims, and the verdicts that follow."""
    if not claims:
        return []
    bootstrap = holm([claim.bootstrap.p for claim in claims]).tolist()
    flips = holm([claim.sign_flip for claim in claims]).tolist()
    students = [claim for claim in claims if claim.paired_t is not None]
    t_holm = dict(
        zip(
            map(id, students),
            holm([claim.paired_t.p for claim in students if claim.paired_t]).tolist(),
            strict=True,
        )
    )
    done = []
    for claim, p, flip in zip(claims, bootstrap, flips, strict=True):
        decided = settled(p) <= alpha
        verdict = "undecided" if not decided else "better" if sign(claim.difference) > 0 else "worse"
        student = claim.paired_t and claim.paired_t.model_copy(update={"holm": t_holm[id(claim)]})
        update = {
            "bootstrap": claim.bootstrap.model_copy(update={"holm": p}),
            "sign_flip_holm": flip,
            "paired_t": student,
            "verdict": verdict,
        }
        done.append(claim.model_copy(update=update))
    return done


def _normalised(estimates: Estimates, ours: Key, rival: Key) -> NDArray[np.float64]:
    """(B,) differences as published: each benchmark min–max normalised over all methods with that N."""
    table = {
        key: np.array([values.mean() for values in chances.values()])
        for key, chances in estimates.chances.items()
        if key[1] == ours[1] or key in (ours, rival)
    }
    levels = np.array(list(table.values()))
    spread = np.ptp(levels, axis=0)
    difference: NDArray[np.float64] = np.divide(
        table[ours] - table[rival], spread, out=np.zeros(len(spread)), where=spread > 0
    )
    return difference


def _two_sided(means: Means) -> float:
    """P of "no difference": twice the smaller tail, the data counted among the draws."""
    tail = min(int((means <= TIE).sum()), int((means >= -TIE).sum()))
    return min(1.0, 2.0 * (tail + 1) / (len(means) + 1))


def _paired_t(differences: NDArray[np.float64], confidence: float) -> Significance | None:
    try:
        return Significance(
            **paired_t(differences, confidence=confidence, alternative="two-sided")._asdict(), sides="two"
        )
    except NotEnoughDataError:
        return None  # one of them, or no spread


def _published(differences: NDArray[np.float64], statistics: StatisticsSettings) -> Significance | None:
    if len(differences) < 2:
        return None
    interval = published_bootstrap(
        differences, resamples=_PUBLISHED_RESAMPLES, seed=statistics.seed, confidence=statistics.confidence
    )
    return Significance(**interval._asdict(), sides="one")


def _converged(differences: NDArray[np.float64], statistics: StatisticsSettings) -> Significance | None:
    if len(differences) < 2:
        return None
    interval = converged_bootstrap(differences, confidence=statistics.confidence)
    return Significance(**interval._asdict(), sides="one")
