"""``acdc taskforce`` in one process: fill the global skill matrix of a finished run, choose, write one JSON file.

Answers that the run does not hold yet go into a side store below ``cache/``, from which a killed process goes on. The
same code serves checkpoints that no run made (:func:`choose_models`): they answer the tasks of a run and are chosen
from like any candidate.
"""

import functools
import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from acdc.config.config import Config
from acdc.config.evolution import EvolutionSettings
from acdc.errors import InputError
from acdc.files import write_text
from acdc.runs.endpoints import Voices
from acdc.runs.other_bits import OtherBits
from acdc.runs.settings_hash import check_asked
from acdc.sandbox import Sandbox
from acdc.storage.layout import Layout
from acdc.storage.lock import hold
from acdc.storage.store import RunStore, dump
from acdc.taskforce.candidates import Candidate, candidates, choice_tasks, choose, choose_at, eligible_by
from acdc.tasks.task_family import TaskFamily

Report = Callable[..., None]


def choose_run(
    config: Config, layout: Layout, family_name: str, variant: str, seed: int, *, report: Report
) -> dict[str, Any]:
    """Choose the task forces of one run and write them.

    Returns:
        Sizes and synthetic coverage by the rule "coverage", and how many candidates and tasks there were.

    Raises:
        InputError: The run has not finished.
        NotEnoughDataError: There are too few candidates or tasks.
    """
    from acdc.families.family import resolve
    from acdc.population.population import Population
    from acdc.runs.run import engine_of, founders_of

    settings = config.evolution(family_name, variant)
    directory = layout.run(family_name, variant, seed)
    with RunStore.read(directory) as run:
        check_asked(run, config, family_name, variant)
        limit, forced = config.taskforce.candidates, config.taskforce.forced
        found = candidates(run.individuals(), run.generations(), settings, limit, seed, forced=forced)
        known = {id: TaskFamily.from_json(json.loads(document)) for id, _, document in run.tasks()}
        tasks = [known[id] for id in choice_tasks(ever_active(run), settings.tasks.choice_tasks, seed)]
        archive = list(run.generations()[-1].archive)
        earlier = _earlier(run, settings, config.taskforce.generations)
        family = resolve(family_name, config.family(family_name), layout.families(), thorough=False)
        other_bits = OtherBits(
            run, functools.partial(engine_of, config, family), lambda line: report(line=line)
        )
        population = Population(
            founders_of(family), run, directory / "weights", "none", other_bits=other_bits
        )
        side = layout.cache() / "skills" / family_name / variant / f"seed-{seed}-{run.meta('settings_hash')}"
        matrix = _filled(
            config, settings, layout, family_name, side, run, found, tasks, population.weights, report
        )
        keep_judgements(side, layout.taskforce_transcript(family_name, variant, seed))
    chosen = choose(matrix, config.taskforce, seed, list(family.seeds))
    result = {
        "family": family_name,
        "variant": variant,
        "seed": seed,
        "candidates": [
            {
                "id": c.id,
                "generation": c.generation,
                "weights_hash": c.weights_hash,
                "recipe": json.loads(c.recipe),
            }
            for c in found
        ],
        "archive": archive,
        **chosen,
    }
    if earlier:
        forces = {g: choose_at(matrix, config.taskforce, *there) for g, there in earlier.items()}
        result["generations"] = {str(g): force for g, force in forces.items() if force is not None}
    write(layout.taskforce(family_name, variant, seed), result)
    shutil.rmtree(side, ignore_errors=True)
    return _summary(result)


def choose_models(
    config: Config,
    layout: Layout,
    directories: Sequence[Path],
    run_directory: Path,
    seed: int,
    *,
    report: Report,
) -> dict[str, Any]:
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
    from acdc.families.family import Family, load_weights
    from acdc.population.individual import weights_hash

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
        known = {id: TaskFamily.from_json(json.loads(document)) for id, _, document in run.tasks()}
        tasks = [known[id] for id in choice_tasks(ever_active(run), settings.tasks.choice_tasks, seed)]
        weights = {name: load_weights(path) for name, path in zip(names, directories, strict=True)}
        found = [
            Candidate(name, born, 0, weights_hash(values), "{}")
            for born, (name, values) in enumerate(weights.items())
        ]
        digest = hashlib.blake2b(dump([c.weights_hash for c in found]).encode(), digest_size=8).hexdigest()
        side = layout.cache() / "skills" / "models" / f"{digest}-{run.meta('settings_hash')}"
        family = Family("models", directories[0], {"general": directories[0]})
        matrix = _filled(
            config, settings, layout, family, side, run, found, tasks, lambda id: weights[id], report
        )
    result = {"tasks_of": {"run": str(run_directory), **what}, **choose(matrix, config.taskforce, seed)}
    shutil.rmtree(side, ignore_errors=True)
    return result


def write(path: Path, result: dict[str, Any]) -> None:
    """Write JSON atomically."""
    write_text(path, json.dumps(result, indent=1, sort_keys=True) + "\n")


def keep_judgements(side: Path, to: Path) -> None:
    """Keep what a judge of answers said while a task force was chosen; nothing is written where nobody was asked."""
    from acdc.chat.transcript import NAME, lines

    to.unlink(missing_ok=True)
    if (side / NAME).is_file() and len(said := list(lines(side))) > 1:
        write_text(to, "".join(f"{line}\n" for line in said))


def _filled(
    config: Config,
    settings: EvolutionSettings,
    layout: Layout,
    family: Any,
    side: Path,
    run: RunStore,
    found: Sequence[Candidate],
    tasks: Sequence[TaskFamily],
    weights: Callable[[str], Any],
    report: Report,
) -> Any:
    """The skill matrix of all candidates on all choice tasks; what is missing is answered into the side store."""
    from acdc.coevolution.examiner import Subject
    from acdc.families.family import Family, resolve
    from acdc.runs.run import examiner_of, executor_of

    if not isinstance(family, Family):
        family = resolve(family, config.family(family), layout.families(), thorough=False)
    with (
        hold(side),
        Sandbox.open(config.sandbox) as box,
        RunStore.create_or_resume(side, "side") as store,
        Voices(config, settings, ("answers",)) as voices,
    ):
        voices.keep_in(side)
        members = {c.id for c in found}
        if run.meta("run") is not None and not store.cells():
            store.put_cells([cell for cell in run.cells() if cell.individual in members])
        executor = executor_of(config, family, note=lambda kind, line, **_: report(line=line))
        examiner = examiner_of(settings, executor, box, store, voices.answer_judge())
        subjects = [Subject(c.id, c.weights_hash, functools.partial(weights, c.id)) for c in found]
        with closing(executor):
            for done, _ in enumerate(examiner.examine(subjects, tasks)):
                report(done=done + 1, of=len(found))
        examiner.require_results(settings.max_missing)
        faulty = examiner.task_faults(tasks)
        return examiner.matrix([c.id for c in found], [task for task in tasks if task.id not in faulty])


def ever_active(run: RunStore, until: int | None = None) -> list[str]:
    """Ids of tasks that were active at some time and never retired, in order of age.

    Args:
        run: A finished run.
        until: The last generation that counts; all of them where none is given.
    """
    from acdc.tasks.task_family import age

    active: set[str] = set()
    retired: set[str] = set()
    for generation, snapshot, _ in run.pools():
        state = json.loads(snapshot)
        retired |= set(state["retired"])
        if until is None or generation <= until:
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
            f"taskforce.generations: {run.directory} has {last} generations, so there is no generation {beyond[0]}"
        )
    return {
        g: (eligible_by(g, individuals, rows, settings), ever_active(run, g))
        for g in sorted(set(generations))
    }


def _summary(result: dict[str, Any]) -> dict[str, Any]:
    return {
        "candidates": len(result["candidates"]),
        "tasks": len(result["tasks"]),
        "synthetic": result["synthetic"]["coverage"],
        "members": result["forces"]["coverage"],
    }
