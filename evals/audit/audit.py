"""An audit of the measurement, `audit/<family>.json`: can its numbers be believed?

    prompts      all models read the same prompts, by hash; a difference is an error that names method and question
    cut_off      answers that the token budget cut off, and coverage and differences without those questions
    leaks        for each benchmark how near synthetic tasks come to its questions, and differences without the questions they share
    judged       where a judge decided and an exact match can be had as well, how often the two agree
    endpoints    what models behind endpoints cost, and when they answered

Coverage and differences are means over benchmarks with intervals over run seeds and questions, benchmarks fixed. Questions are named by their
ids; no text of a question, an answer or a task is in the document. Seconds are in the journal, and in the report, not here.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from acdc.parsing.section import Section
from evals.audit.leakage import Leaks
from evals.audit.same_prompts import Proof
from evals.comparison.evidence import Chances, Entry, Evidence
from evals.rivals.methods import rows_of
from evals.settings import ComparisonSettings, StatisticsSettings
from evals.statistics.bootstrap import Left, Resamples

SCHEMA = 1
Masks = dict[str, NDArray[np.bool_]]


class AuditSettings(Section):
    """The section `audit` of params.yaml.

    Attributes:
        near: Cosine from which a question counts as seen by a task; it belongs to the embedder (:mod:`acdc.tasks.novelty`).
    """

    near: float = Field(0.95, gt=0.0, le=1.0)


class Gain(Section):
    """Ours less a rival, over the questions that stay: a mean, its interval, how many questions."""

    mean: float
    low: float
    high: float
    questions: int


class CutOff(Section):
    """A method at one N, with and without the questions on which an answer of it was cut off.

    Attributes:
        method: Id of the method.
        n: N.
        shares: For each benchmark the share of its answers that were cut off.
        coverage: On all questions.
        without: On those where none of its answers was cut off; None where a benchmark has none left.
        gain: Ours less this, on all questions; None for ours.
        gain_without: On those where no answer of either was cut off.
        ours_n: N of ours in the gains.
    """

    method: str
    n: int
    shares: dict[str, float]
    coverage: Gain
    without: Gain | None
    gain: Gain | None = None
    gain_without: Gain | None = None
    ours_n: int | None = None


class Leak(Section):
    """One benchmark against all synthetic tasks.

    Attributes:
        benchmark: Its name.
        questions: How many it has.
        too_short: Of them, too short to be recognised by words.
        overlapping: Questions that share a 13-gram with a task.
        near: Questions with a cosine of at least `Audit.near` with a task.
        median: Median over questions of the cosine with the nearest task.
        largest: The largest cosine.
    """

    benchmark: str
    questions: int
    too_short: int
    overlapping: int
    near: int
    median: float
    largest: float


class LeakGain(Section):
    """Ours less a rival with leaked questions left out.

    Attributes:
        rival: Id of the method.
        n: N of ours.
        all: On all questions.
        without_overlapping: Without those that share a 13-gram with a task of our runs.
        without_near: Without those whose cosine with such a task is at least `Audit.near`.
    """

    rival: str
    n: int
    all: Gain
    without_overlapping: Gain | None
    without_near: Gain | None


class Audit(Section):
    """Everything; see the module.

    Attributes:
        near: Cosine from which a question counts as near.
        embedder: Version of the embedder.
        tasks: Synthetic tasks that were compared, equal ones once.
    """

    schema_version: int = SCHEMA
    family: str
    confidence: float
    prompts: dict[str, Any]
    cut_off: list[CutOff]
    near: float
    embedder: str
    tasks: int
    leaks: list[Leak]
    leak_gains: list[LeakGain]
    judged: dict[str, dict[str, int]]
    endpoints: dict[str, dict[str, Any]]


class ComparedTasks(NamedTuple):
    """Synthetic tasks of our runs beside the questions of benchmarks.

    Attributes:
        leaks: For each benchmark, in the order of `evidence.questions`, what it shares with the tasks.
        tasks: How many there are.
        embedder: Its version.
    """

    leaks: Mapping[str, Leaks]
    tasks: int
    embedder: str


def audit(
    evidence: Evidence,
    proof: Proof,
    compared: ComparedTasks,
    settings: AuditSettings,
    comparison: ComparisonSettings,
    statistics: StatisticsSettings,
) -> Audit:
    """The audit of a family.

    Args:
        evidence: Everything that is compared.
        proof: Of :func:`evals.audit.same_prompts.same_prompts`.
        compared: What the comparison of questions with the tasks of our runs found.
        settings: What counts as near.
        comparison: At which N.
        statistics: Resamples, confidence, seed.
    """
    sizes = {name: int(keep.sum()) for name, keep in evidence.keep.items()}
    drawn = Resamples(
        sizes,
        len(evidence.seeds),
        levels=("runs", "items"),
        resamples=statistics.resamples,
        confidence=statistics.confidence,
        seed=statistics.seed,
    )
    cells = [
        (entry, n)
        for entry in evidence.entries
        for n in ([1] if entry.sizes() == [1] else [n for n in comparison.claim_sizes if n in entry.sizes()])
    ]
    return Audit(
        family=evidence.family,
        confidence=statistics.confidence,
        prompts={
            "samples": proof.samples,
            "answerers": proof.answerers,
            "questions": proof.questions,
            "by_words": proof.by_words,
            "unseen": proof.unseen,
        },
        cut_off=[row for entry, n in cells for row in _cut_off(evidence, drawn, cells, entry, n)],
        near=settings.near,
        embedder=compared.embedder,
        tasks=compared.tasks,
        leaks=[_leak(name, found, settings.near) for name, found in compared.leaks.items()],
        leak_gains=_leak_gains(evidence, drawn, cells, compared.leaks, settings.near)
        if compared.tasks
        else [],
        judged=proof.judged,
        endpoints=dict(evidence.endpoints),
    )


def _cut_off(
    evidence: Evidence, drawn: Resamples, cells: Sequence[tuple[Entry, int]], entry: Entry, n: int
) -> list[CutOff]:
    everything = _everything(evidence)
    mine, values = _whole(evidence, entry, n), evidence.chances(entry, n)
    coverage = _gain(drawn.left(values, everything))
    assert coverage is not None
    row = CutOff(
        method=entry.id,
        n=n,
        shares={name: _share(entry, n, name) for name in evidence.benchmarks},
        coverage=coverage,
        without=_gain(drawn.left(values, mine)),
    )
    if entry.group == "ours":
        return [row]
    rows = []
    for ours, size in ((one, size) for one, size in cells if one.group == "ours" and (size == n or n == 1)):
        theirs = _whole(evidence, ours, size)
        difference = _difference(evidence, (ours, size), (entry, n))
        both = {name: mask & theirs[name] for name, mask in mine.items()}
        update = {
            "gain": _gain(drawn.left(difference, everything)),
            "gain_without": _gain(drawn.left(difference, both)),
            "ours_n": size,
        }
        rows.append(row.model_copy(update=update))
    return rows


def _whole(evidence: Evidence, entry: Entry, n: int) -> Masks:
    """Questions on which no answer of the method was cut off, in any run."""
    masks = {}
    for name in evidence.benchmarks:
        cut = np.zeros(len(evidence.keep[name]), dtype=np.bool_)
        for picks, matrices in zip(entry.picks, entry.matrices, strict=True):
            rows = [row for pick in picks[n] for row in rows_of(pick, matrices[name])]
            cut |= matrices[name].cut[rows].any(axis=0)
        masks[name] = ~cut[evidence.keep[name]]
    return masks


def _share(entry: Entry, n: int, benchmark: str) -> float:
    shares = []
    for picks, matrices in zip(entry.picks, entry.matrices, strict=True):
        rows = [row for pick in picks[n] for row in rows_of(pick, matrices[benchmark])]
        shares.append(matrices[benchmark].cut[rows].mean())
    return float(np.mean(shares))


def _leak(name: str, found: Leaks, near: float) -> Leak:
    return Leak(
        benchmark=name,
        questions=len(found.cosines),
        too_short=found.too_short,
        overlapping=int(found.overlaps.sum()),
        near=int((found.cosines >= near).sum()),
        median=float(np.median(found.cosines)),
        largest=float(found.cosines.max()),
    )


def _leak_gains(
    evidence: Evidence,
    drawn: Resamples,
    cells: Sequence[tuple[Entry, int]],
    leaks: Mapping[str, Leaks],
    near: float,
) -> list[LeakGain]:
    apart = {name: ~found.overlaps[evidence.keep[name]] for name, found in leaks.items()}
    far = {name: found.cosines[evidence.keep[name]] < near for name, found in leaks.items()}
    rows = []
    for ours, size in (cell for cell in cells if cell[0].group == "ours"):
        for entry, n in cells:
            if entry.group == "ours" or n not in (1, size) or (n == 1 and entry.sizes() != [1]):
                continue
            difference = _difference(evidence, (ours, size), (entry, n))
            whole = _gain(drawn.left(difference, _everything(evidence)))
            assert whole is not None
            rows.append(
                LeakGain(
                    rival=entry.id,
                    n=size,
                    all=whole,
                    without_overlapping=_gain(drawn.left(difference, apart)),
                    without_near=_gain(drawn.left(difference, far)),
                )
            )
    return rows


def _difference(evidence: Evidence, ours: tuple[Entry, int], rival: tuple[Entry, int]) -> Chances:
    mine, theirs = evidence.chances(*ours), evidence.chances(*rival)
    return {name: values - theirs[name] for name, values in mine.items()}


def _everything(evidence: Evidence) -> Masks:
    return {name: np.ones(int(keep.sum()), dtype=np.bool_) for name, keep in evidence.keep.items()}


def _gain(left: Left | None) -> Gain | None:
    return None if left is None else Gain(**left._asdict())
