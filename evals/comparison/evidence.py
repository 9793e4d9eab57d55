"""Everything that a comparison reads, and for each method the chance that each question is solved.

A method that comes from runs has one row for each run seed; a rival that knows no run has one row for all. Questions to
which some method has no answer, by our fault, are left out for all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from acdc.errors import InputError, NotEnoughDataError
from evals.answering.evaluate_taskforce import Run
from evals.correctness import Correctness, aligned, read
from evals.rivals.methods import Method, Pick, rows_of, solve_chances
from evals.settings import ComparisonSettings, EvaluationSettings, comparison_settings

if TYPE_CHECKING:
    from acdc.config.config import Config
    from acdc.config.run_spec import RunSpec
    from acdc.storage.layout import Layout

Chances = dict[str, NDArray[np.float64]]
Matrices = Mapping[str, Correctness]
_CHOICES = {"fitness": "chosen by fitness", "random": "chosen at random", "dns": "chosen by DNS"}


class _Baselines(BaseModel):
    """What `acdc baselines` wrote: rivals, parameters of models, guesses, and what endpoints cost."""

    methods: list[Method]
    parameters: dict[str, int]
    guesses: list[dict[str, Any]] = []
    api: dict[str, dict[str, Any]] = {}


@dataclass(frozen=True)
class Entry:
    """A method with its answers.

    Attributes:
        id: As in :class:`evals.comparison.document.MethodResult`.
        name: Likewise.
        group: Likewise.
        variant: Likewise.
        picks: For each run (or once) and each N what is asked.
        matrices: For each run (or once) the answers, by benchmark.
        not_run: Why there are none.
    """

    id: str
    name: str
    group: str
    variant: str = ""
    picks: Sequence[Mapping[int, Sequence[Pick]]] = ()
    matrices: Sequence[Matrices] = field(default=(), repr=False)
    not_run: str = ""

    def sizes(self) -> list[int]:
        """N for which every run has the method, ascending."""
        if not self.picks:
            return []
        return sorted(set.intersection(*(set(picks) for picks in self.picks)))

    def chances(self, n: int, benchmark: str) -> NDArray[np.float64]:
        """(S, Q) chance that each question is solved at N, nan where an answer is missing."""
        pairs = zip(self.picks, self.matrices, strict=True)
        return np.stack([solve_chances(picks[n], matrices[benchmark]) for picks, matrices in pairs])

    def cut_off(self, benchmark: str) -> float:
        """Share of the method's answers at its largest N that the token budget cut off."""
        shares = []
        for picks, matrices in zip(self.picks, self.matrices, strict=True):
            rows = [row for pick in picks[max(picks)] for row in rows_of(pick, matrices[benchmark])]
            shares.append(matrices[benchmark].cut[rows].mean())
        return float(np.mean(shares))

    def tokens(self, n: int) -> tuple[float, float]:
        """Tokens generated per question by all N answers, and read; means over runs, benchmarks and questions."""
        written, seen = [], []
        for picks, matrices in zip(self.picks, self.matrices, strict=True):
            for matrix in matrices.values():
                rows = [(pick.k, rows_of(pick, matrix)) for pick in picks[n]]
                written.append(sum(k * matrix.tokens[some].mean() for k, some in rows))
                seen.append(sum(k * matrix.prompt_tokens[some].mean() for k, some in rows))
        return float(np.mean(written)), float(np.mean(seen))

    def models(self, n: int) -> int:
        """Distinct models that answer at N; of a pool from which N are drawn, N."""
        return sum(min(pick.k, len(pick.models)) for pick in self.picks[0][n])


@dataclass(frozen=True)
class Evidence:
    """What is compared.

    Attributes:
        family: Of models.
        benchmarks: Names, in order.
        seeds: Run seeds.
        entries: Methods, ours first.
        runs: For each variant its runs.
        parameters: Of one model of the family, and of the big one ("big"); absent where unknown.
        keep: For each benchmark (Q,) which questions are compared.
        questions: For each benchmark the ids of all questions.
        results: Directory of the family's results.
        guesses: What guessing scores, as `acdc baselines` wrote it.
        earlier: Task forces of earlier generations, those of one variant together, earliest first.
        endpoints: What models behind endpoints cost and when they answered, likewise.
    """

    family: str
    benchmarks: Sequence[str]
    seeds: Sequence[int]
    entries: Sequence[Entry]
    runs: Mapping[str, Sequence[Run]]
    parameters: Mapping[str, int]
    keep: Mapping[str, NDArray[np.bool_]]
    questions: Mapping[str, Sequence[str]]
    results: Path
    guesses: Sequence[Mapping[str, Any]] = ()
    earlier: Sequence[Entry] = ()
    endpoints: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def chances(self, entry: Entry, n: int) -> Chances:
        """(S, Q) for each benchmark, complete questions only."""
        return {name: entry.chances(n, name)[:, self.keep[name]] for name in self.benchmarks}


def evidence_of(config: "Config", layout: "Layout", runs: "Sequence[RunSpec]") -> Evidence:
    """What these runs of one family, every variant with every seed, have to show.

    Raises:
        InputError: A stage has not run yet, or files do not fit together.
        NotEnoughDataError: There is nothing to compare.
    """
    from acdc.runs.current import require_current
    from evals.answering.evaluate_taskforce import read_run
    from evals.benchmarks.registry import chosen

    require_current(config, layout, runs)
    asked, family = config.section("evaluation", EvaluationSettings), runs[0].key.family
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run.key.variant, []).append(read_run(layout.taskforce(*run.key)))
    results = layout.results(family, "baselines").parent
    benchmarks = list(chosen(asked.suite, asked.benchmarks))
    return gather(family, benchmarks, found, results, comparison_settings(config), asked.max_n)


def gather(
    family: str,
    benchmarks: Sequence[str],
    runs: Mapping[str, Sequence[Run]],
    results: Path,
    settings: ComparisonSettings,
    most: int,
) -> Evidence:
    """Read results and make the methods.

    Args:
        family: Of models.
        benchmarks: Names.
        runs: For each variant its runs, one for each run seed, the same seeds in the same order.
        results: `results/<family>`, with `baselines` and one folder for each variant.
        settings: Which variant is ours.
        most: Largest N.

    Raises:
        InputError: A file is missing or does not fit the others.
        NotEnoughDataError: There is no run, or no question that all methods have answered.
    """
    if not runs or not all(runs.values()):
        raise NotEnoughDataError(f"{family}: there is no run to compare")
    seeds = [run.seed for run in next(iter(runs.values()))]
    for variant, its in runs.items():
        if [run.seed for run in its] != seeds:
            raise InputError(f"{family}/{variant}: run seeds differ from those of the other variants")
    document, rivals = _read_baselines(results / "baselines", benchmarks)
    entries: list[Entry] = []
    earlier: list[Entry] = []
    for variant in sorted(runs, key=lambda name: name != _ours(runs, settings)):
        matrices = [
            _read_all(results / variant / f"seed-{run.seed}", benchmarks, rivals) for run in runs[variant]
        ]
        entries += _from_runs(variant, runs[variant], matrices, most, ours=variant == _ours(runs, settings))
        earlier += _by_generation(variant, runs[variant], matrices, most)
    for method in document.methods:
        picks, answers = ([method.picks], [rivals]) if method.picks else ([], [])
        entries.append(Entry(method.name, method.name, method.group, "", picks, answers, method.not_run))
    keep = {name: _complete([*entries, *earlier], name) for name in benchmarks}
    if not all(mask.any() for mask in keep.values()):
        raise NotEnoughDataError(f"{family}: a benchmark has no question that every method has answered")
    questions = {name: rivals[name].questions for name in benchmarks}
    return Evidence(
        family,
        tuple(benchmarks),
        seeds,
        entries,
        runs,
        document.parameters,
        keep,
        questions,
        results,
        document.guesses,
        earlier,
        document.api,
    )


def side_by_side(
    family: str, benchmarks: Sequence[str], runs: Mapping[str, Sequence[Run]], results: Path, most: int
) -> Evidence:
    """The task forces of variants alone, without rivals; arguments and errors as of :func:`gather`."""
    entries: list[Entry] = []
    like: Matrices | None = None
    for variant, its in runs.items():
        matrices = []
        for run in its:
            found = _read_all(results / variant / f"seed-{run.seed}", benchmarks, like)
            like = like or found
            matrices.append(found)
        entries += _from_runs(variant, its, matrices, most, ours=False)
    if like is None:
        raise NotEnoughDataError(f"{family}: there is no run to compare")
    keep = {name: _complete(entries, name) for name in benchmarks}
    if not all(mask.any() for mask in keep.values()):
        raise NotEnoughDataError(f"{family}: a benchmark has no question that every variant has answered")
    questions = {name: like[name].questions for name in benchmarks}
    seeds = [run.seed for run in next(iter(runs.values()))]
    return Evidence(family, tuple(benchmarks), seeds, entries, runs, {}, keep, questions, results)


def _ours(runs: Mapping[str, Sequence[Run]], settings: ComparisonSettings) -> str:
    return settings.ours if settings.ours in runs else next(iter(runs))


def _from_runs(
    variant: str, runs: Sequence[Run], matrices: Sequence[Matrices], most: int, *, ours: bool
) -> list[Entry]:
    """The task force; where the variant is ours also the other ways to choose; a random N of the archive."""

    def force(rule: str, name: str, group: str) -> Entry:
        picks = [
            {
                n: tuple(Pick(models=(id,)) for id in run.forces[rule][:n])
                for n in range(1, most + 1)
                if n <= len(run.forces[rule])
            }
            for run in runs
        ]
        return Entry(f"{variant}/{rule}", name, group, variant, picks, matrices)

    entries = [force("coverage", f"Task force ({variant})", "ours" if ours else "variant")]
    if not ours:
        return entries
    rules = [rule for rule in _CHOICES if all(rule in run.forces for run in runs)]
    entries += [force(rule, f"Task force ({variant}), {_CHOICES[rule]}", "choice") for rule in rules]
    archive = [
        {n: (Pick(models=run.archive, k=n),) for n in range(1, most + 1) if n <= len(run.archive)}
        for run in runs
    ]
    name = f"Random N of the archive ({variant}), expected"
    entries.append(Entry(f"{variant}/archive", name, "archive", variant, archive, matrices))
    return [entry for entry in entries if _answered(entry)]


def _by_generation(variant: str, runs: Sequence[Run], matrices: Sequence[Matrices], most: int) -> list[Entry]:
    """Task forces of the generations that every run has one of, earliest first."""
    shared = sorted(set.intersection(*(set(run.by_generation) for run in runs)))
    return [
        Entry(
            f"{variant}/generation-{generation}",
            f"Task force ({variant}) of generation {generation}",
            "generation",
            variant,
            [
                {
                    n: tuple(Pick(models=(id,)) for id in run.by_generation[generation][:n])
                    for n in range(1, min(most, len(run.by_generation[generation])) + 1)
                }
                for run in runs
            ],
            matrices,
        )
        for generation in shared
    ]


def _answered(entry: Entry) -> bool:
    """Whether its models were evaluated: other choices and the archive are for thorough variants only."""
    return entry.group == "ours" or all(
        matrix.rows(model)
        for picks, matrices in zip(entry.picks, entry.matrices, strict=True)
        for matrix in matrices.values()
        for pick in picks[max(picks)]
        for model in pick.models
    )


def _complete(entries: Sequence[Entry], benchmark: str) -> NDArray[np.bool_]:
    masks = [np.isfinite(entry.chances(n, benchmark)).all(axis=0) for entry in entries for n in entry.sizes()]
    kept: NDArray[np.bool_] = np.logical_and.reduce(masks)
    return kept


def _read_all(
    directory: Path, benchmarks: Sequence[str], like: Matrices | None = None
) -> dict[str, Correctness]:
    matrices = {name: read(directory / name / "correctness.json") for name in benchmarks}
    if like is None:
        return matrices
    return {name: aligned(matrix, like[name]) for name, matrix in matrices.items()}


def _read_baselines(directory: Path, benchmarks: Sequence[str]) -> tuple[_Baselines, dict[str, Correctness]]:
    path = directory / "baselines.json"
    if not path.is_file():
        raise InputError(f"{path}: file not found; run `acdc baselines` first")
    try:
        document = _Baselines.model_validate_json(path.read_bytes())
    except ValueError as error:
        raise InputError(f"{path}: damaged ({error}); run `acdc baselines` again") from error
    return document, _read_all(directory, benchmarks)
