"""From settings and finished stages to what the harness needs: evaluation workers, and weights that can be made anywhere."""

import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from acdc.engines import DeclaredEngine, open_engine
from acdc.errors import InputError
from acdc.executors.ray_engine import RayEngine
from acdc.families.family import Family, load_weights, resolve
from acdc.processes.pool import cores
from acdc.sandbox import Sandbox
from acdc.storage.store import RunStore
from evals.answering.jobs import EvaluationWorker
from evals.answering.judged_answers import require_judge, shared
from evals.benchmarks import registry
from evals.settings import EvaluationSettings

if TYPE_CHECKING:
    from torch import Tensor

    from acdc.config.config import Config
    from acdc.population.population import Population
    from acdc.storage.layout import Layout

_BIG_COST = 4.0  # time of a big model's answer, relative to one of the family


def prepared_family(config: "Config", layout: "Layout", name: str) -> Family:
    """A family whose models are there. Raises InputError as :func:`acdc.families.family.resolve`."""
    return resolve(name, config.family(name), layout.families(), thorough=False)


def make_workers(
    config: "Config", layout: "Layout", family: Family, settings: EvaluationSettings
) -> list[EvaluationWorker]:
    """The evaluation worker of the family's individuals, and one of its big model if it has one.

    Raises:
        InputError: The suite or a benchmark is unknown, or one has open answers and no judge is named.
    """
    benchmarks = tuple(
        registry.find(
            settings.suite,
            settings.benchmarks,
            seed=settings.seed,
            questions=settings.questions,
            data=settings.data,
            filters=settings.filters,
        )
    )

    # How much data there is that a YAML names itself is not known yet; a guess serves progress and the balance of workers only.
    questions = sum(
        len(benchmark.rows()) if benchmark.rows and not benchmark.generated else settings.questions
        for benchmark in benchmarks
    )

    judged = [benchmark.name for benchmark in benchmarks if benchmark.metadata.get("scored_by") == "judge"]
    judge = None
    if judged:
        judge = shared(require_judge(config.judges.answers, judged), config.executor.workers or cores())

    def worker(model: Path, cost: float, *, big: bool = False) -> EvaluationWorker:
        here = functools.partial(
            open_engine,
            config.engine_of(family.name, big=big),
            model,
            dtype=family.dtype,
            chat_template_args=family.chat_template_args,
            stop_tokens=family.stop_tokens,
        )
        return EvaluationWorker(
            here if config.executor.kind == "local" else functools.partial(RayEngine, config.executor, here),
            str(model),
            benchmarks,
            settings,
            layout.cache() / "answers.sqlite",
            questions,
            cost,
            functools.partial(Sandbox.open, config.sandbox),
            config.sandbox.limits.model_dump_json(),
            judge,
        )

    made = [worker(family.tokenizer_dir, 1.0)]
    return made if family.big is None else [*made, worker(family.big, _BIG_COST, big=True)]


def known_questions(worker: EvaluationWorker) -> tuple[int, list[str]]:
    """How many questions a plan can count, and the benchmarks whose number only the data tells that their own YAML names."""
    unknown = [benchmark.name for benchmark in worker.benchmarks if benchmark.rows is None]
    return worker.questions - len(unknown) * worker.settings.questions, unknown


def not_counted(unknown: Sequence[str]) -> str:
    """What a plan says of these benchmarks; empty where there are none."""
    return f"; not counted: {', '.join(unknown)}, whose YAML names the data" if unknown else ""


def seed_loader(family: Family, name: str) -> Callable[[], "dict[str, Tensor]"]:
    """Makes the weights of a seed; picklable."""
    return functools.partial(family.load, name)


def big_loader(family: Family) -> Callable[[], "dict[str, Tensor]"] | None:
    """Makes the weights of the big model; None where there is none."""
    return None if family.big is None else functools.partial(load_weights, family.big)


class RunWeights:
    """Weights of a finished run's individuals, in any process.

    Args:
        family: Of the run.
        directory: Of the run.
        open_engine: Opens an engine of the family, to compare answers where the run was made on another machine.
    """

    def __init__(
        self, family: Family, directory: Path, open_engine: Callable[[], DeclaredEngine] | None = None
    ) -> None:
        self._family, self._directory, self._open_engine = family, directory, open_engine
        self._population: Population | None = None  # opened in the process that uses it

    def __getstate__(self) -> object:
        return self.__dict__ | {"_population": None}

    def hashes(self) -> dict[str, str]:
        """Weights hash of every individual of the run. Raises InputError if the run has not finished."""
        with RunStore.read(self._directory) as run:
            return {row.id: row.weights_hash for row in run.individuals()}

    def loader(self, id: str) -> Callable[[], "Mapping[str, Tensor]"]:
        """Makes the weights of one; picklable."""
        return functools.partial(self.weights, id)

    def weights(self, id: str) -> "Mapping[str, Tensor]":
        """The weights: from disk, or bred again from the recipe.

        Raises:
            InputError: There is no such individual, or the run has not finished.
        """
        if self._population is None:
            from acdc.population.population import Population
            from acdc.runs.assembly import founders_of
            from acdc.runs.other_bits import OtherBits

            run = RunStore.read(self._directory)
            founders = founders_of(self._family)
            other_bits = None
            if self._open_engine is not None:
                other_bits = OtherBits(run, self._open_engine, lambda line: print(line, file=sys.stderr))  # noqa: T201
            self._population = Population(
                founders, run, self._directory / "weights", "none", other_bits=other_bits
            )
        try:
            return self._population.weights(id)
        except KeyError:
            raise InputError(
                f"{self._directory}: there is no individual {id!r}; choose the task force again"
            ) from None
