"""One run in one process: put the parts together, hold the directory, evolve, write the final store.

The sandbox is opened before the models: it is a fresh interpreter with nothing of ours in it, whatever this process has
imported.
"""

import functools
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from acdc.coevolution.examiner import Examiner, instructions_fit
from acdc.config.config import Config
from acdc.config.evolution import EvolutionSettings
from acdc.engines import DeclaredEngine, open_engine
from acdc.errors import InputError
from acdc.executors.executor import Alone, Executor
from acdc.families.family import Family, resolve
from acdc.judging.gibberish import GibberishJudge, StatisticJudge
from acdc.judging.judge import Judge
from acdc.numbers.margins import Margins, margins_of
from acdc.population.population import IN_MEMORY, fits
from acdc.runs.endpoints import Voices
from acdc.runs.other_bits import OtherBits, fingerprint
from acdc.runs.replay import Replays
from acdc.runs.settings_hash import RESULTS_DO_NOT_DEPEND_ON, asked, settings_hash, template_hash
from acdc.sandbox import Sandbox
from acdc.storage.journal import Journal
from acdc.storage.layout import Layout
from acdc.storage.lock import hold
from acdc.storage.store import RunStore, SetAside, dump, is_finished, last_generation, set_aside_if_other
from acdc.tasks.evolution import Staff
from acdc.tasks.reflection import Fits, anything_fits
from acdc.tasks.static import from_file
from acdc.variation.mergekit_methods import require
from acdc.weights.checkpoint import context_length
from acdc.weights.shards import StoredWeights, headers, size_of

Report = Callable[..., None]


def require_models(layout: Layout, family: str) -> None:
    """Raise InputError if the family's models are not there yet."""
    if not layout.family_file(family).is_file():
        raise InputError(
            f"{layout.models(family)}: the models of {family} are not there; run `acdc seeds {family}` first"
        )


def staff(
    config: Config, settings: EvolutionSettings, box: Sandbox, voices: Voices, fits: Fits = anything_fits
) -> Staff:
    """Scientist, embedder and judge of answers as the settings name them, with an open sandbox."""
    embedder, judge = voices.embedder(config), voices.answer_judge()
    scientist = voices.scientist(config.scientist_of(settings), settings.tasks.reflections)
    return Staff(scientist, box, embedder, judge, fits)


def gibberish_judge(settings: EvolutionSettings, voices: Voices, margins: Margins) -> GibberishJudge | None:
    """The judge of outputs as the settings name it; None where nobody is dropped."""
    if not settings.gibberish.enabled:
        return None
    if settings.gibberish.kind == "llm":
        return voices.gibberish_judge(settings.gibberish, margins)
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


def founders_of(family: Family, in_memory: int = IN_MEMORY) -> dict[str, Any]:
    """Weights of the base and of the seeds, by name: in memory, or read tensor by tensor where models are large."""
    members = {"base": family.base, **family.seeds}
    stored = {name: StoredWeights(directory) for name, directory in members.items()}
    if fits(size_of(stored["base"]), in_memory) or len({str(headers(one)) for one in stored.values()}) > 1:
        return {name: family.load(name) for name in members}
    return dict(stored)


def evolve_run(
    config: Config,
    layout: Layout,
    family_name: str,
    variant: str,
    seed: int,
    *,
    report: Report,
    on_commit: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Evolve one run from wherever it is to its last generation.

    Args:
        config: All settings.
        layout: Where things lie.
        family_name: The family.
        variant: The variant.
        seed: The run seed.
        report: Told of every finished generation.
        on_commit: Called after every transaction of the store.

    Returns:
        ``generations``, ``statistics`` of the last, ``set_aside`` (path or None), ``worked`` (False: it was finished).

    Raises:
        InputError: A run that this one replays, or its file of tasks, is not there or not sound.
        InfrastructureError: Another process holds the run, or the sandbox or disk stand in the way.
    """
    settings = config.evolution(family_name, variant)
    directory = layout.run(family_name, variant, seed)
    replays = Replays(config, family_name, variant, seed, directory.parent)
    made_of = asked(config, family_name, variant, replays.identities)
    with ExitStack() as open_until_done:
        open_until_done.enter_context(hold(directory))
        box = open_until_done.enter_context(Sandbox.open(config.sandbox))
        family = resolve(family_name, config.family(family_name), layout.families(), thorough=False)
        voices = open_until_done.enter_context(Voices(config, settings))
        incidents = _Incidents(report)
        parts = _Parts(config, settings, family, box, voices, incidents)
        open_until_done.callback(parts.executor.close)
        wanted = settings_hash(made_of, parts.founder_hashes(family), parts.versions, seed)
        moved = _set_aside(directory, wanted, settings.generations, layout, report, dump(made_of))
        result = _finished(directory, settings.generations)
        worked = result is None
        if result is None:
            parts.check_tasks(seed)
            journal = open_until_done.enter_context(closing(Journal(directory)))
            incidents.journal = journal
            journal.begin(
                generations=settings.generations,
                layers=list(box.layers),
                versions=parts.versions,
                bits=fingerprint(),
            )
            store = open_until_done.enter_context(
                RunStore.create_or_resume(directory, wanted, on_commit=on_commit)
            )
            voices.keep_in(directory, journal.note)
            _describe(store, family_name, variant, seed, settings, made_of, parts.versions, box.layers)
            result = parts.evolve(store, journal, directory, seed, replays, report)
        return {
            **result,
            "set_aside": f"{moved.reason}, now in {moved.path}" if moved else None,
            "worked": worked,
        }


class _Incidents:
    """What befell a worker: said at once, and journaled as soon as there is a journal."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.journal: Journal | None = None

    def __call__(self, kind: str, line: str, **detail: Any) -> None:
        self._report(line=line)
        if self.journal is not None:
            self.journal.note(kind, **detail)


class _Parts:
    """Everything a run needs before its store is opened."""

    def __init__(
        self,
        config: Config,
        settings: EvolutionSettings,
        family: Family,
        box: Sandbox,
        voices: Voices,
        note: Callable[..., None],
    ) -> None:
        self._settings, self._box = settings, box
        self._in_memory = int(config.executor.memory_gigabytes * 1e9)
        self._open_engine = functools.partial(engine_of, config, family)
        self._founders = founders_of(family, self._in_memory)
        self.executor = executor_of(config, family, note=note)
        self._margins = Margins()
        known = staff(config, settings, box, voices, _fits(config, settings, family))
        self._staff = known._replace(margins=self._margins)
        self._judge = gibberish_judge(settings, voices, self._margins)
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

    def founder_hashes(self, family: Family) -> dict[str, str]:
        """Content hashes of base and seeds, and of the tokenizer's files."""
        from acdc.population.individual import weights_hash

        hashes = {name: weights_hash(weights) for name, weights in self._founders.items()}
        return {**hashes, "tokenizer files": template_hash(family)}

    def check_tasks(self, seed: int) -> None:
        """Refuse a file of tasks that is not sound before anything is written."""
        tasks = self._settings.tasks
        if tasks.source is not None:
            from_file(tasks.source, self._staff.scientist, self._staff.checker(tasks), seed)

    def evolve(
        self,
        store: RunStore,
        journal: Journal,
        directory: Path,
        seed: int,
        replays: Replays,
        report: Report,
    ) -> dict[str, Any]:
        """Run the loop to its end and write the final store."""
        from acdc.coevolution.loop import World, coevolve
        from acdc.coevolution.task_keeper import TaskKeeper
        from acdc.population.population import Population

        settings = self._settings
        world = World(
            Population(
                self._founders,
                store,
                directory / "weights",
                settings.keep_weights,
                in_memory=self._in_memory,
                other_bits=OtherBits(store, self._open_engine, lambda line: report(line=line)),
            ),
            examiner_of(settings, self.executor, self._box, store, self._staff.judge),
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
        return {"generations": last.generation, "statistics": last.statistics}


def examiner_of(
    settings: EvolutionSettings, executor: Executor, box: Sandbox, store: RunStore, judge: Judge | None = None
) -> Examiner:
    """An examiner with a run's settings."""
    return Examiner(
        executor,
        box,
        store,
        system=settings.system,
        max_new_tokens=settings.answer_tokens,
        examples_per_task=settings.tasks.examples_per_task,
        pass_score=settings.tasks.pass_score,
        judge=judge,
    )


def _describe(
    store: RunStore,
    family: str,
    variant: str,
    seed: int,
    settings: EvolutionSettings,
    made_of: Mapping[str, Any],
    versions: Mapping[str, str],
    layers: tuple[str, ...],
) -> None:
    """What the run is, for readers of the store; written once."""
    if store.meta("run") is None:
        what = {
            "family": family,
            "variant": variant,
            "seed": seed,
            "versions": dict(versions),
            "sandbox": list(layers),
        }
        kept = settings.model_dump(mode="json", exclude=set(RESULTS_DO_NOT_DEPEND_ON))
        with store.transaction():
            store.set_meta("run", dump(what))
            store.set_meta("settings", dump(kept))
            store.set_meta("asked", dump(made_of))


def _finished(directory: Path, generations: int) -> dict[str, Any] | None:
    """What a finished run of at least that many generations says; None where there is work to do."""
    if not is_finished(directory):
        return None
    with RunStore.read(directory) as store:
        last = store.generations()[-1]
    if last.generation < generations:
        return None
    return {"generations": last.generation, "statistics": last.statistics}


def _set_aside(
    directory: Path, wanted: str, generations: int, layout: Layout, report: Report, made_of: str
) -> SetAside | None:
    """Move a run of other settings or another length away, and say so."""
    moved = set_aside_if_other(directory, wanted, layout.old_runs(), made_of)
    moved = moved or _set_aside_if_longer(directory, generations, layout)
    if moved:
        report(note=f"a run {moved.reason} was moved to {moved.path}")
    return moved


def _set_aside_if_longer(directory: Path, generations: int, layout: Layout) -> SetAside | None:
    """A run of more generations than are wanted is another run: moved away like one of other settings."""
    for name in ("live.sqlite", "run.sqlite"):
        if (directory / name).exists():
            done = last_generation(directory / name)
            if done <= generations:
                return None
            moved = set_aside_if_other(directory, "another length", layout.old_runs())
            return None if moved is None else SetAside(moved.path, f"of {done} generations")
    return None
