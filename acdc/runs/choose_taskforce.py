"""``acdc taskforce`` in one process: fill the global skill matrix of a finished run, choose, write one JSON file.

Answers that the run does not hold yet go into a side store (:mod:`acdc.runs.side_run`). The same code serves
checkpoints that no run made (:func:`choose_models`): they answer the tasks of a run and are chosen from like any
candidate.
"""

import functools
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from acdc.config.config import Config
from acdc.config.evolution import EvolutionSettings
from acdc.config.run_spec import RunSpec
from acdc.errors import InputError
from acdc.families.family import Family, load_weights, resolve
from acdc.files import write_text
from acdc.population.population import Population
from acdc.runs.assembly import Report, engine_of, founders_of
from acdc.runs.current import check_asked
from acdc.runs.other_bits import OtherBits
from acdc.runs.side_run import SideRun
from acdc.storage.layout import Layout
from acdc.storage.store import RunStore, dump
from acdc.taskforce.candidates import (
    Candidate,
    Choice,
    candidates,
    choice_tasks,
    choose,
    choose_at,
    eligible_by,
)
from acdc.tasks.task_family import TaskFamily
from acdc.weights.tensors import weights_hash


class Chosen(NamedTuple):
    """What was chosen from one run, for a person.

    Attributes:
        candidates, tasks: How many there were.
        synthetic: Share of the tasks that the task force of each size covers, by the rule "coverage".
        members: The largest of these task forces, in order of choice.
    """

    candidates: int
    tasks: int
    synthetic: dict[str, float]
    members: list[str]


class ChosenModels(NamedTuple):
    """What was chosen among checkpoints.

    Attributes:
        tasks_of: The run whose tasks decided, and what it is.
        choice: The task forces.
    """

    tasks_of: dict[str, object]
    choice: Choice


def choose_run(config: Config, layout: Layout, spec: RunSpec, *, report: Report) -> Chosen:
    """Choose the task forces of one run and write them.

    Args:
        config: All settings.
        layout: Where things lie.
        spec: Which run, of which settings.
        report: Told of progress.

    Raises:
        InputError: The run has not finished.
        NotEnoughDataError: There are too few candidates or tasks.
    """
    settings, key, directory = spec.settings, spec.key, layout.run(*spec.key)
    with RunStore.read(directory) as run:
        check_asked(run, config, spec)
        limit, forced = config.taskforce.candidates, config.taskforce.forced
        found = candidates(run.individuals(), run.generations(), settings, limit, key.seed, forced=forced)
        tasks = _choice_tasks(run, settings, key.seed)
        archive = list(run.generations()[-1].archive)
        earlier = _earlier(run, settings, config.taskforce.generations)
        family = resolve(key.family, config.family(key.family), layout.families(), thorough=False)
        open_engine = functools.partial(engine_of, config, family)
        other_bits = OtherBits(run, open_engine, lambda line: report(line=line))
        population = Population(
            founders_of(family), run, directory / "weights", "none", other_bits=other_bits
        )
        place = layout.cache() / "skills" / key.family / key.variant
        place /= f"seed-{key.seed}-{run.meta('settings_hash')}"
        side = SideRun(config, settings, family, place, run, report)
        matrix = side.matrix(found, tasks, population.weights)
        keep_judgements(place, layout.taskforce_transcript(*key))
    chosen = choose(matrix, config.taskforce, key.seed, list(family.seeds))
    result = {
        **key._asdict(),
        "candidates": [_recorded(candidate) for candidate in found],
        "archive": archive,
        **asdict(chosen),
    }
    if earlier:
        forces = {g: choose_at(matrix, config.taskforce, *there) for g, there in earlier.items()}
        result["generations"] = {str(g): asdict(force) for g, force in forces.items() if force is not None}
    write(layout.taskforce(*key), result)
    side.remove()
    return Chosen(len(found), len(chosen.tasks), chosen.synthetic["coverage"], chosen.forces["coverage"])


def choose_models(
    config: Config,
    layout: Layout,
    directories: Sequence[Path],
    run_directory: Path,
    seed: int,
    *,
    report: Report,
) -> ChosenModels:
    """Which of these checkpoints belong together, judged by the tasks of a finished run?

    Args:
        config: Settings; the engine's are used.
        layout: Where the cache is.
        directories: Hugging Face model directories of one architecture.
        run_directory: A finished run, whose active and former tasks are asked.
        seed: For the random rule.
        report: Told of progress.

    Raises:
        InputError: A directory is missing, incomplete or of another shape.
    """
    names = [
        path.name if [d.name for d in directories].count(path.name) == 1 else str(path)
        for path in directories
    ]
    for path in directories:
        if not path.is_dir():
            raise InputError(f"{path}: no such model directory")
    with RunStore.read(run_directory) as run:
        what = json.loads(run.meta("run") or "{}")
        settings = EvolutionSettings.model_validate(json.loads(run.meta("settings") or "{}"))
        tasks = _choice_tasks(run, settings, seed)
        weights = {name: load_weights(path) for name, path in zip(names, directories, strict=True)}
        found = [
            Candidate(name, created, 0, weights_hash(values), "{}")
            for created, (name, values) in enumerate(weights.items())
        ]
        digest = hashlib.blake2b(dump([c.weights_hash for c in found]).encode(), digest_size=8).hexdigest()
        place = layout.cache() / "skills" / "models" / f"{digest}-{run.meta('settings_hash')}"
        family = Family("models", directories[0], {"general": directories[0]})
        side = SideRun(config, settings, family, place, run, report)
        matrix = side.matrix(found, tasks, weights.__getitem__)
    result = ChosenModels({"run": str(run_directory), **what}, choose(matrix, config.taskforce, seed))
    side.remove()
    return result


def write(path: Path, result: dict[str, Any]) -> None:
    """Write JSON atomically."""
    write_text(path, json.dumps(result, indent=1, sort_keys=True) + "\n")


def keep_judgements(side: Path, to: Path) -> None:
    """Keep what a judge of answers said while a task force was chosen; nothing is written where no judge was asked."""
    from acdc.chat.transcript import NAME, lines

    to.unlink(missing_ok=True)
    if (side / NAME).is_file() and len(said := list(lines(side))) > 1:
        write_text(to, "".join(f"{line}\n" for line in said))


def _choice_tasks(run: RunStore, settings: EvolutionSettings, seed: int) -> list[TaskFamily]:
    """The tasks that a choice is made by."""
    known = {row.id: TaskFamily.from_json(json.loads(row.document)) for row in run.tasks()}
    return [known[id] for id in choice_tasks(ever_active(run), settings.tasks.choice_tasks, seed)]


def _recorded(candidate: Candidate) -> dict[str, object]:
    """A candidate in the file of task forces."""
    fields = asdict(candidate)
    del fields["created"]
    return {**fields, "recipe": json.loads(candidate.recipe)}


def ever_active(run: RunStore, until: int | None = None) -> list[str]:
    """Ids of tasks that were active at some time and never retired, in order of age.

    Args:
        run: A finished run.
        until: The last generation that counts; all of them where none is given.
    """
    from acdc.tasks.task_family import age

    active: set[str] = set()
    retired: set[str] = set()
    for row in run.pools():
        state = json.loads(row.snapshot)
        retired |= set(state["retired"])
        if until is None or row.generation <= until:
            active |= set(state["active"])
    return sorted(active - retired, key=age)


def _earlier(
    run: RunStore, settings: EvolutionSettings, generations: Sequence[int]
) -> dict[int, tuple[set[str], list[str]]]:
    """For each of these generations who was a candidate by then, and which tasks had been active."""
    rows, individuals = run.generations(), run.individuals()
    last = rows[-1].generation
    if beyond := [g for g in generations if g > last]:
        raise InputError(
            f"taskforce.generations: {run.directory} has {last} generations, so generation {beyond[0]} does not exist"
        )
    return {
        g: (eligible_by(g, individuals, rows, settings), ever_active(run, g))
        for g in sorted(set(generations))
    }
