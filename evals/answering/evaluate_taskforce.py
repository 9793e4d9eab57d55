"""Task forces on benchmarks: every distinct member, and where asked for the final archive, each once, greedily.

Reads `taskforces/<family>/<variant>/seed-<s>.json`, writes for each run and benchmark

    results/<family>/<variant>/seed-<s>/<benchmark>/samples.jsonl      lm-eval's sample records, one line an answer
    results/<family>/<variant>/seed-<s>/<benchmark>/correctness.json   answerers × questions

A model that several runs share (the seeds) is evaluated once.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from acdc.errors import InfrastructureError, InputError
from acdc.files import write_bytes, write_text
from acdc.numbers.digits import in_percent
from evals.answering.harness import Job, Model
from evals.answering.jobs import EvaluationWorker, Result, run_jobs
from evals.correctness import Correctness, stacked
from evals.settings import EvaluationSettings

if TYPE_CHECKING:
    from torch import Tensor

Loader = Callable[[], "Mapping[str, Tensor]"]
OnEvent = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True)
class Run:
    """What was chosen from one evolution run.

    Attributes:
        family: Of models.
        variant: Of the method.
        seed: Run seed.
        forces: For each rule of choice the members in order of choice.
        archive: The final archive.
        hashes: Weights hash of candidates and of other known individuals.
        by_generation: For earlier generations (`taskforce.generations`) the task force by coverage that they would have given.
        seeds: Names of the family's seeds, which are the same models in every run.
    """

    family: str
    variant: str
    seed: int
    forces: Mapping[str, tuple[str, ...]]
    archive: tuple[str, ...]
    hashes: Mapping[str, str]
    by_generation: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    seeds: Collection[str] = ()

    def members(self, most: int, *, thorough: bool = True) -> list[str]:
        """All individuals to evaluate, each once.

        Args:
            most: Largest size of a task force.
            thorough: All rules of choice and the archive; else the rule "coverage" alone.
        """
        rules = [*self.forces] if thorough else ["coverage"]
        named = [id for rule in rules for id in self.forces[rule][:most]]
        named += [id for force in self.by_generation.values() for id in force[:most]]
        return list(dict.fromkeys([*named, *(self.archive if thorough else ())]))


def read_run(path: Path, known: Mapping[str, str] | None = None, seeds: Collection[str] = ()) -> Run:
    """A task force file.

    Args:
        path: The file.
        known: Weights hashes of other individuals of the run: of the archive not all need be candidates.
        seeds: Names of the family's seeds.

    Raises:
        InputError: It is not there, or not what `acdc taskforce` writes.
    """
    if not path.is_file():
        raise InputError(f"{path}: file not found; run `acdc taskforce` first")
    try:
        data = json.loads(path.read_text("utf-8"))
        if "coverage" not in data["forces"]:
            raise KeyError("forces.coverage")
        chosen = {str(row["id"]): str(row["weights_hash"]) for row in data["candidates"]}
        stale = [id for id, found in chosen.items() if known is not None and known.get(id) != found]
        if stale:  # answers would be kept under the hash of weights that did not give them
            raise InputError(
                f"{path}: this task force belongs to an earlier run ({stale[0]} has other weights now); "
                "run `acdc taskforce` again"
            )
        hashes = dict(known or {}) | chosen
        return Run(
            str(data["family"]),
            str(data["variant"]),
            int(data["seed"]),
            {str(rule): tuple(map(str, force)) for rule, force in data["forces"].items()},
            tuple(map(str, data["archive"])),
            hashes,
            {
                int(generation): tuple(map(str, force["members"]))
                for generation, force in data.get("generations", {}).items()
            },
            tuple(seeds),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: this is not a task force file ({error}); run `acdc taskforce` again"
        ) from error


def jobs_of(
    runs: Sequence[Run], settings: EvaluationSettings, loader: Callable[[Run, str], Loader]
) -> list[Job]:
    """One job for each distinct model of the runs, in order.

    Args:
        runs: Whose members.
        settings: Largest N, and which variants are measured thoroughly.
        loader: (run, id) to a picklable function that makes the weights.
    """
    jobs: dict[tuple[str, str], Job] = {}
    for run in runs:
        for id in run.members(settings.max_n, thorough=run.variant in settings.thorough):
            if id not in run.hashes:
                raise InputError(
                    f"{run.family}/{run.variant}, seed {run.seed}: {id} is not in the run; choose again"
                )
            key = (id, run.hashes[id])
            if key not in jobs:
                identity = (id,) if id in run.seeds else (run.seed, id)
                jobs[key] = Job(Model(id, loader(run, id), run.hashes[id], identity))
    return list(jobs.values())


class Counts(NamedTuple):
    """Answers in all, missing ones, and the share of those given that the token budget cut off."""

    answers: int
    missing: int
    cut_off: float

    def __str__(self) -> str:
        return f"{self.answers:,} answers, {self.missing} missing, {in_percent(self.cut_off)}% cut off by the token budget"


class Evaluated(NamedTuple):
    """How many models answered, and counts of their answers."""

    models: int
    counts: Counts


def evaluate(
    runs: Sequence[Run],
    loader: Callable[[Run, str], Loader],
    evaluation_worker: EvaluationWorker,
    directory: Callable[[Run], Path],
    *,
    workers: int,
    on_event: OnEvent = lambda name, event: None,
) -> Evaluated:
    """Evaluate the runs' models and write their results.

    Args:
        runs: Of one family.
        loader: (run, id) to a picklable function that makes the weights.
        evaluation_worker: Where answers are made.
        directory: Where a run's results go.
        workers: Processes.
        on_event: Receives progress (:func:`evals.answering.jobs.run_jobs`).

    Returns:
        How many models answered, and counts of their answers.

    Raises:
        InfrastructureError: More answers are missing than allowed; nothing is written.
    """
    settings = evaluation_worker.settings
    jobs = jobs_of(runs, settings, loader)
    results = run_jobs([evaluation_worker], [(0, job) for job in jobs], workers=workers, on_event=on_event)
    summary = checked(results, settings.max_missing)
    by_model = {
        (job.model.name, job.model.weights_hash): result for job, result in zip(jobs, results, strict=True)
    }
    for run in runs:
        members = run.members(settings.max_n, thorough=run.variant in settings.thorough)
        write(directory(run), [by_model[id, run.hashes[id]] for id in members])
    return Evaluated(len(jobs), summary)


def checked(results: Sequence[Result], max_missing: float) -> Counts:
    """Counts over all results.

    Raises:
        InfrastructureError: The share of missing answers is above `max_missing`.
    """
    matrices = [matrix for result in results for matrix in result.correctness.values()]
    answers = sum(matrix.correct.size for matrix in matrices)
    missing = sum(int(matrix.missing.sum()) for matrix in matrices)
    if missing > max_missing * answers:
        raise InfrastructureError(
            f"{missing} of {answers} answers are missing ({in_percent(missing / answers)}%, allowed {in_percent(max_missing)}%) because the engine, "
            "the sandbox or the judge failed, or prompts are too long; the other answers are kept: run the command again"
        )
    cut = sum(int(matrix.cut.sum()) for matrix in matrices)
    return Counts(answers, missing, cut / max(1, answers - missing))


def write(directory: Path, results: Sequence[Result]) -> None:
    """Write the results of several jobs, one folder a benchmark; each file whole or not at all."""
    for benchmark in results[0].correctness:
        folder = directory / benchmark
        write_bytes(folder / "samples.jsonl", b"".join(result.lines[benchmark] for result in results))
        matrix: Correctness = stacked([result.correctness[benchmark] for result in results])
        write_text(folder / "correctness.json", json.dumps(matrix.to_json()) + "\n")
        # One entry for each tokenizer: a big model may have another.
        facts = list({json.dumps(result.prompts.get(benchmark)): None for result in results})
        write_text(folder / "prompt_tokens.json", "[" + ",\n".join(facts) + "]\n")


def write_json(path: Path, document: Any) -> None:
    """Write a JSON document, whole or not at all."""
    write_text(path, json.dumps(document, indent=1) + "\n")
