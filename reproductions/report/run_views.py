"""What the report shows of the runs themselves: generations, the evolution tree, who solves what, tasks with answers.

Everything is read from finished stores and from task force files; nothing is computed that decides anything.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from acdc.errors import InputError
from acdc.population.recipe import Recipe
from acdc.storage.journal import events
from acdc.storage.layout import Layout
from acdc.storage.store import Cell, Generation, RunStore
from acdc.tasks.task_family import TaskFamily
from reproductions.figures.tree import Node, shares_of
from reproductions.load import read_json

MOST_CAPABILITIES = 16


@dataclass(frozen=True)
class Run:
    """One finished run.

    Attributes:
        variant: Its variant.
        seed: Its run seed.
        about: What the store says about it: versions, sandbox layers.
        settings: Its resolved settings.
        generations: Figures of every generation.
        force: Document of its task forces.
        answers: How many answers were made, and tokens of them.
        tokens: See `answers`.
        seconds: Work, as the journal has it.
    """

    variant: str
    seed: int
    about: dict[str, Any]
    settings: dict[str, Any]
    generations: Sequence[Generation]
    force: dict[str, Any]
    answers: int
    tokens: int
    seconds: float

    @property
    def members(self) -> list[str]:
        """The task force by coverage, in order of choice."""
        return list(self.force["forces"]["coverage"])

    def total(self, statistic: str) -> int:
        """Sum of a figure over generations."""
        return sum(int(row.statistics.get(statistic, 0)) for row in self.generations)

    def task_events(self) -> dict[str, int]:
        """How often each kind of thing happened to tasks."""
        counts: Counter[str] = Counter()
        for row in self.generations:
            counts.update(row.statistics.get("task_events", {}))
        return dict(sorted(counts.items()))


@dataclass(frozen=True)
class Heat:
    """Who can do what.

    Attributes:
        columns: Capabilities or benchmarks, with how many tasks or questions each has where known.
        rows: (name, values in [0, 1] or None).
        union: What they solve together.
    """

    columns: Sequence[tuple[str, int | None]]
    rows: Sequence[tuple[str, Sequence[float | None]]]
    union: Sequence[float | None]

    def domains(self) -> list[tuple[str, int]]:
        """What stands before the colon of the columns' names, with how many neighbours share it; empty where none has one."""
        if not any(": " in name for name, _ in self.columns):
            return []
        found = groupby(
            self.columns, key=lambda column: column[0].partition(": ")[0] if ": " in column[0] else ""
        )
        return [(domain, len(list(columns))) for domain, columns in found]

    def best(self, column: int) -> float | None:
        """Highest value of a column."""
        values = [value for _, row in self.rows if (value := row[column]) is not None]
        return max(values, default=None)


@dataclass(frozen=True)
class Exchange:
    """A task with the answers of three models.

    Attributes:
        task: The task family.
        example: Which of its examples.
        question: What was asked.
        answers: (name of the model, its answer's cell).
    """

    task: TaskFamily
    example: str
    question: str
    answers: Sequence[tuple[str, Cell]]


def load_runs(layout: Layout, family: str, variants: Iterable[str], seeds: Sequence[int]) -> list[Run]:
    """Finished runs with their task forces; those that are not there are left out.

    Raises:
        InputError: A store is damaged or of another version.
    """
    found = []
    for variant in variants:
        for seed in seeds:
            directory, path = layout.run(family, variant, seed), layout.taskforce(family, variant, seed)
            force = read_json(path)
            if force is None or not (directory / "run.sqlite").is_file():
                continue
            with RunStore.read(directory) as store:
                about = json.loads(store.meta("run") or "{}")
                settings = json.loads(store.meta("settings") or "{}")
                generations = store.generations()
            examined = [detail for _, _, _, detail in events(directory, "examined")]
            found.append(
                Run(
                    variant,
                    seed,
                    about,
                    settings,
                    generations,
                    force,
                    sum(int(detail.get("answers", 0)) for detail in examined),
                    sum(int(detail.get("tokens", 0)) for detail in examined),
                    _seconds(events(directory)),
                )
            )
    return found


def nodes(store: RunStore, run: Run) -> tuple[list[Node], list[str]]:
    """Every individual of a run as a node of its tree, and the names of the seeds."""
    recipes = [
        (row.id, row.created, row.generation, Recipe.from_json(row.recipe)) for row in store.individuals()
    ]
    seeds = [str(recipe.name) for _, _, _, recipe in recipes if recipe.kind == "seed"]
    shares = shares_of(
        [(name, recipe.name, recipe.parents, recipe.weights) for name, _, _, recipe in recipes], seeds
    )
    archived = {member for row in run.generations for member in row.archive}
    ranks = {name: place for place, name in enumerate(run.members, 1)}
    found = [
        Node(
            name,
            created,
            generation,
            recipe.parents,
            shares[name],
            recipe.name,
            name in archived,
            ranks.get(name),
        )
        for name, created, generation, recipe in recipes
    ]
    return found, seeds


def capabilities(store: RunStore, run: Run) -> Heat:
    """Members (and seeds among the candidates) × capabilities, on the tasks that the force was chosen by."""
    tasks = {name: TaskFamily.from_json(json.loads(document)) for name, _, document in store.tasks()}
    columns: dict[str, list[int]] = {}
    for place, column in enumerate(run.force["tasks"]):
        task = tasks.get(column.partition("/")[0])
        if task is None:
            raise InputError(
                f"{store.directory}: the task force was chosen by {column}, which the run does not have"
            )
        columns.setdefault(_capability(task), []).append(place)
    if len(columns) > MOST_CAPABILITIES:
        common = sorted(columns, key=lambda name: (-len(columns[name]), name))[: MOST_CAPABILITIES - 1]
        rest = sorted(place for name, places in columns.items() if name not in common for place in places)
        columns = {**{name: columns[name] for name in common}, "others": rest}
    names = sorted(columns, key=lambda name: (name == "others", name))
    skills: dict[str, str] = run.force["skills"]
    seeds = [name for name in skills if name not in run.members and not _is_child(run, name)]

    def shares(rows: Sequence[str]) -> list[float | None]:
        return [
            sum(any(row[i] == "1" for row in rows) for i in columns[name]) / len(columns[name])
            for name in names
        ]

    labels = [(f"{place}. {name}", name) for place, name in enumerate(run.members, 1)]
    labels += [(f"seed {name}", name) for name in seeds]
    rows = [(label, shares([skills[name]])) for label, name in labels]
    members = [skills[name] for name in run.members]
    return Heat([(name, len(columns[name])) for name in names], rows, shares(members))


def exchanges(store: RunStore, run: Run, most: int) -> list[Exchange]:
    """Tasks that three of the task force's members (or seeds) answered, one capability after the other.

    Those on which the three disagree come first; within these, the latest tasks.
    """
    if not most:
        return []
    seeds = [row.id for row in store.individuals() if Recipe.from_json(row.recipe).kind == "seed"]
    models = [*run.members, *(name for name in seeds if name not in run.members)]
    answers: dict[tuple[str, str], list[tuple[str, Cell]]] = {}
    for model in models:
        for cell in store.cells(model):
            answers.setdefault((cell.task, cell.example), []).append((model, cell))
    tasks = {name: TaskFamily.from_json(json.loads(document)) for name, _, document in store.tasks()}
    found: dict[str, list[Exchange]] = {}
    for (task, example), given in sorted(answers.items(), reverse=True):
        three = _three(given)
        if three is not None:
            asked = next(
                (e.instructions for e in tasks[task].examples if e.task == example),
                tasks[task].example_instruction,
            )
            exchange = Exchange(tasks[task], example, asked, three)
            found.setdefault(_capability(tasks[task]), []).append(exchange)
    for several in found.values():
        several.sort(key=lambda exchange: len({cell.verdict for _, cell in exchange.answers}) < 2)
    rounds = [several[i] for i in range(most) for _, several in sorted(found.items()) if i < len(several)]
    return rounds[:most]


def _three(given: Sequence[tuple[str, Cell]]) -> list[tuple[str, Cell]] | None:
    """Three answers in order of choice, both verdicts among them if there are both."""
    if len(given) < 3:
        return None
    three = list(given[:3])
    if len({cell.verdict for _, cell in three}) == 1:
        other = next((pair for pair in given[3:] if pair[1].verdict != three[0][1].verdict), None)
        if other is not None:
            three[2] = other
    return three


def _capability(task: TaskFamily) -> str:
    """The capability, chains of two skills under one name for each domain."""
    domain, _, skill = task.capability.partition(": ")
    return f"{domain}: chains" if " then " in skill else task.capability


def _is_child(run: Run, name: str) -> bool:
    recipe: dict[str, Any] = next((c["recipe"] for c in run.force["candidates"] if c["id"] == name), {})
    return bool(recipe.get("kind") == "child")


def _seconds(happened: Sequence[tuple[float, int, str, dict[str, Any]]]) -> float:
    """Seconds of work: for each process from its first to its last event."""
    spans: dict[int, list[float]] = {}
    for at, process, _, _ in happened:
        spans.setdefault(process, []).append(at)
    return sum(max(times) - min(times) for times in spans.values())
