"""One run in one process: put the parts together, hold the directory, evolve, write the final store.

The sandbox is opened before the models: it is a fresh interpreter with nothing of ours in it, whatever this process has
imported.
"""

from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, NamedTuple

from acdc.config.config import Config
from acdc.config.run_spec import RunSpec
from acdc.errors import InputError
from acdc.families.family import resolve
from acdc.runs.assembly import Assembly, Report
from acdc.runs.endpoints import Endpoints
from acdc.runs.other_bits import fingerprint
from acdc.runs.replay import Replays
from acdc.runs.settings_hash import asked, settings_hash
from acdc.sandbox import Sandbox
from acdc.storage.journal import Journal
from acdc.storage.layout import Layout
from acdc.storage.lock import hold
from acdc.storage.run_directory import SetAside, is_finished, last_generation, set_aside_if_other
from acdc.storage.store import Generation, RunStore, dump


class Evolved(NamedTuple):
    """How a run ended.

    Attributes:
        generations: Number of the last generation.
        statistics: Of the last generation.
        set_aside: What was moved away to make room for it, and where; None where nothing was.
        worked: False where it was finished already.
    """

    generations: int
    statistics: dict[str, Any]
    set_aside: str | None
    worked: bool


def require_models(layout: Layout, family: str) -> None:
    """Raise InputError if the family's models are not there yet."""
    if not layout.family_file(family).is_file():
        raise InputError(
            f"{layout.models(family)}: the models of {family} are not there; run `acdc seeds {family}` first"
        )


def evolve_run(
    config: Config,
    layout: Layout,
    run: RunSpec,
    *,
    report: Report,
    on_commit: Callable[[], None] | None = None,
) -> Evolved:
    """Evolve one run from wherever it is to its last generation.

    Args:
        config: All settings.
        layout: Where things lie.
        run: Which run, of which settings.
        report: Told of every finished generation.
        on_commit: Called after every transaction of the store.

    Raises:
        InputError: A run that this one replays, or its file of tasks, is not there or not sound.
        InfrastructureError: Another process holds the run, or the sandbox or disk stand in the way.
    """
    directory = layout.run(*run.key)
    replays = Replays(config, run, directory.parent)
    made_of = asked(config, run, replays.identities)
    with ExitStack() as open_until_done:
        open_until_done.enter_context(hold(directory))
        box = open_until_done.enter_context(Sandbox.open(config.sandbox))
        name = run.key.family
        family = resolve(name, config.family(name), layout.families(), thorough=False)
        endpoints = open_until_done.enter_context(Endpoints(config, run.settings))
        incidents = _Incidents(report)
        parts = Assembly(config, run, family, box, endpoints, incidents)
        open_until_done.callback(parts.executor.close)
        wanted = settings_hash(made_of, parts.founder_hashes(), parts.versions, run.key.seed)
        moved = _set_aside(directory, wanted, run.settings.generations, layout, dump(made_of))
        if moved:
            report(note=f"a run {moved.reason} was moved to {moved.path}")
        last = _finished(directory, run.settings.generations)
        worked = last is None
        if last is None:
            parts.check_tasks()
            journal = open_until_done.enter_context(closing(Journal(directory)))
            incidents.journal = journal
            begun = {"layers": list(box.layers), "versions": parts.versions, "bits": fingerprint()}
            journal.begin(generations=run.settings.generations, **begun)
            store = RunStore.create_or_resume(directory, wanted, on_commit=on_commit)
            open_until_done.enter_context(store)
            endpoints.keep_in(directory, journal.note)
            parts.describe(store, made_of)
            last = parts.evolve(store, journal, replays, report)
        aside = f"{moved.reason}, now in {moved.path}" if moved else None
        return Evolved(last.generation, last.statistics, aside, worked)


class _Incidents:
    """What befell a worker: said at once, and journaled as soon as there is a journal."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.journal: Journal | None = None

    def __call__(self, kind: str, line: str, **detail: Any) -> None:
        self._report(line=line)
        if self.journal is not None:
            self.journal.note(kind, **detail)


def _finished(directory: Path, generations: int) -> Generation | None:
    """The last generation of a finished run that has at least that many; None where there is work to do."""
    if not is_finished(directory):
        return None
    with RunStore.read(directory) as store:
        last = store.generations()[-1]
    return last if last.generation >= generations else None


def _set_aside(
    directory: Path, wanted: str, generations: int, layout: Layout, made_of: str
) -> SetAside | None:
    """Move a run of other settings away, or one of more generations than are wanted: that is another run, too."""
    moved = set_aside_if_other(directory, wanted, layout.old_runs(), made_of)
    if moved:
        return moved
    for name in ("live.sqlite", "run.sqlite"):
        if (directory / name).exists():
            done = last_generation(directory / name)
            if done <= generations:
                return None
            moved = set_aside_if_other(directory, "another length", layout.old_runs())
            return None if moved is None else SetAside(moved.path, f"of {done} generations")
    return None
