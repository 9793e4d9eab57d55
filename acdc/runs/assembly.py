"""The parts of a run, made as its settings name them, and put together for the loop."""

import functools
from collections.abc import Callable, Mapping

from acdc.coevolution.examiner import Examiner, instructions_fit
from acdc.config.config import Config
from acdc.config.evolution import EvolutionSettings
from acdc.config.run_spec import RunSpec
from acdc.engines import DeclaredEngine, open_engine
from acdc.executors.executor import Alone, Executor
from acdc.families.family import Family
from acdc.judging.gibberish import GibberishJudge, StatisticJudge
from acdc.numbers.margins import Margins, margins_of
from acdc.population.weight_cache import IN_MEMORY, fits
from acdc.runs.endpoints import Endpoints
from acdc.runs.other_bits import OtherBits
from acdc.runs.replay import Replays
from acdc.runs.settings_hash import RESULTS_DO_NOT_DEPEND_ON, template_hash
from acdc.sandbox import Sandbox
from acdc.storage.journal import Journal
from acdc.storage.store import Generation, RunStore, dump
from acdc.tasks.evolution import Staff
from acdc.tasks.reflection import Fits, anything_fits
from acdc.tasks.static import from_file
from acdc.variation.mergekit_methods import require
from acdc.weights.checkpoint import context_length
from acdc.weights.shards import StoredWeights, headers, size_of
from acdc.weights.tensors import Weights, weights_hash

Report = Callable[..., None]


def staff(
    config: Config,
    settings: EvolutionSettings,
    box: Sandbox,
    endpoints: Endpoints,
    fits: Fits = anything_fits,
) -> Staff:
    """Scientist, embedder and judge of answers as the settings name them, with an open sandbox."""
    embedder, judge = endpoints.embedder(config), endpoints.answer_judge()
    scientist = endpoints.scientist(config.scientist_of(settings), settings.tasks.reflections)
    return Staff(scientist, box, embedder, judge, fits)


def gibberish_judge(
    settings: EvolutionSettings, endpoints: Endpoints, margins: Margins
) -> GibberishJudge | None:
    """The judge of outputs as the settings name it; None where no individual is dropped."""
    if not settings.gibberish.enabled:
        return None
    if settings.gibberish.kind == "llm":
        return endpoints.gibberish_judge(settings.gibberish, margins)
    return StatisticJudge(settings.gibberish, margins)


def engine_of(config: Config, family: Family) -> DeclaredEngine:
    """An engine for individuals of the family: the base's architecture, the general seed's tokenizer and template."""
    return open_engine(
        config.engine_of(family.name),
        family.tokenizer_dir,
        dtype=family.dtype,
        chat_template_args=family.chat_template_args,
        stop_tokens=family.stop_tokens,
    )


def executor_of(
    config: Config, family: Family, *, note: Callable[..., None] = lambda kind, line, **_: None
) -> Executor:
    """What lets individuals of the family answer: one engine here, or the workers of a Ray cluster.

    Args:
        config: All settings.
        family: Whose individuals.
        note: Told of every worker that is lost: kind, line, details.

    Raises:
        InputError: The model can't be opened, or Ray is not installed.
        InfrastructureError: The Ray cluster can't be reached or has no room.
    """
    if config.executor.kind == "local":
        return Alone(engine_of(config, family))
    from acdc.executors.ray_executor import RayExecutor

    return RayExecutor(config.executor, functools.partial(engine_of, config, family), note=note)


def _fits(config: Config, settings: EvolutionSettings, family: Family) -> Fits:
    """What a task's instructions may be, so that prompt and answer fit into the models' context."""
    from acdc.engines.prompts import Prompts

    bounds = (context_length(family.base), getattr(config.engine_of(family.name), "context", None))
    known = [bound for bound in bounds if bound is not None]
    prompts = Prompts(family.tokenizer_dir, family.chat_template_args)
    return instructions_fit(prompts, min(known, default=None), settings.system, settings.answer_tokens)


def founders_of(family: Family, in_memory: int = IN_MEMORY) -> dict[str, Weights]:
    """Weights of the base and of the seeds, by name: in memory, or read tensor by tensor where models are large."""
    members = {"base": family.base, **family.seeds}
    stored = {name: StoredWeights(directory) for name, directory in members.items()}
    if fits(size_of(stored["base"]), in_memory) or len({str(headers(one)) for one in stored.values()}) > 1:
        return {name: family.load(name) for name in members}
    return dict(stored)


class Assembly:
    """Everything that a run needs before its store is endpoints.

    Args:
        config: All settings.
        run: The run.
        family: Whose models evolve.
        box: The open sandbox.
        endpoints: The open endpoints.
        note: Told of what befalls a worker: kind, line, details.

    Attributes:
        executor: Has individuals answer; the caller closes it.
        versions: Of every part that can change a result, by role.
    """

    def __init__(
        self,
        config: Config,
        run: RunSpec,
        family: Family,
        box: Sandbox,
        endpoints: Endpoints,
        note: Callable[..., None],
    ) -> None:
        settings = run.settings
        self._run, self._family, self._box = run, family, box
        self._in_memory = int(config.executor.memory_gigabytes * 1e9)
        self._open_engine = functools.partial(engine_of, config, family)
        self._founders = founders_of(family, self._in_memory)
        self.executor = executor_of(config, family, note=note)
        self._margins = Margins()
        known = staff(config, settings, box, endpoints, _fits(config, settings, family))
        self._staff = known._replace(margins=self._margins)
        self._judge = gibberish_judge(settings, endpoints, self._margins)
        self.versions = {
            "engine": self.executor.version,
            "scientist": self._staff.scientist.version,
            "embedder": self._staff.embedder.version,
            "gibberish": self._judge.version if self._judge else "off",
        }
        if crossover := require(settings.crossover.kind):
            self.versions["crossover"] = crossover
        if self._staff.judge is not None:
            self.versions["judge of answers"] = self._staff.judge.version

    def founder_hashes(self) -> dict[str, str]:
        """Content hashes of base and seeds, and of the tokenizer's files."""
        hashes = {name: weights_hash(weights) for name, weights in self._founders.items()}
        return {**hashes, "tokenizer files": template_hash(self._family)}

    def check_tasks(self) -> None:
        """Refuse a file of tasks that is not sound before anything is written."""
        tasks = self._run.settings.tasks
        if tasks.source is not None:
            from_file(tasks.source, self._staff.scientist, self._staff.checker(tasks), self._run.key.seed)

    def describe(self, store: RunStore, made_of: Mapping[str, object]) -> None:
        """Write what the run is, for readers of the store; once.

        Args:
            store: The run's store.
            made_of: From :func:`acdc.runs.settings_hash.asked`.
        """
        if store.meta("run") is None:
            what = {
                **self._run.key._asdict(),
                "versions": dict(self.versions),
                "sandbox": list(self._box.layers),
            }
            kept = self._run.settings.model_dump(mode="json", exclude=set(RESULTS_DO_NOT_DEPEND_ON))
            with store.transaction():
                store.set_meta("run", dump(what))
                store.set_meta("settings", dump(kept))
                store.set_meta("asked", dump(made_of))

    def evolve(self, store: RunStore, journal: Journal, replays: Replays, report: Report) -> Generation:
        """Run the loop to its end and write the final store; the last generation."""
        from acdc.coevolution.loop import World, coevolve
        from acdc.coevolution.task_keeper import TaskKeeper
        from acdc.population.population import Population

        settings, seed = self._run.settings, self._run.key.seed
        world = World(
            Population(
                self._founders,
                store,
                store.directory / "weights",
                settings.keep_weights,
                in_memory=self._in_memory,
                other_bits=OtherBits(store, self._open_engine, lambda line: report(line=line)),
            ),
            Examiner(self.executor, self._box, store, settings, self._staff.judge),
            TaskKeeper(store, self._staff, settings.tasks, seed, replays.tasks),
            self._judge,
            store,
            journal,
            replays.models,
        )
        try:
            coevolve(world, settings, seed, observe=report)
        finally:
            self._margins.add(margins_of(self.executor))
            journal.note("margins", decisions=self._margins.to_json())
        last = store.generations()[-1]
        store.finish()
        journal.note("finished")
        return last
