"""The steps of a generation (method §1): examine, filter, choose parents, select, and write what came of it.

A step asks (which cells, which tasks) and others tell; selection never evaluates and evaluation never selects.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from acdc.coevolution.examiner import Examiner, Subject
from acdc.coevolution.replay import ModelReplay
from acdc.coevolution.task_keeper import TaskKeeper
from acdc.config.evolution import EvolutionSettings
from acdc.errors import NotEnoughDataError
from acdc.judging.gibberish import GibberishJudge, shown
from acdc.population.population import Population
from acdc.selection.settings import chooses_parents, parents, select
from acdc.skills import SkillMatrix, coverage
from acdc.storage.journal import Journal
from acdc.storage.store import Generation, RunStore
from acdc.streams import stream
from acdc.tasks.evolution import due


@dataclass(frozen=True)
class World:
    """What a run acts on and with. The parts are real models, a real sandbox and a real store, or a test's.

    `models` gives the archives where no children are made (``models: {variant: ...}``).
    """

    population: Population
    examiner: Examiner
    keeper: TaskKeeper
    gibberish: GibberishJudge | None
    store: RunStore
    journal: Journal
    models: ModelReplay | None = None


@dataclass(frozen=True)
class Steps:
    """The steps of one run.

    Attributes:
        world: What the run acts on.
        settings: The run's settings.
        seed: The run seed: key of every random stream.
    """

    world: World
    settings: EvolutionSettings
    seed: int

    def examine(self, individuals: Sequence[str]) -> None:
        """Fill every open cell of these individuals on the active tasks; retire tasks that turn out to be at fault."""
        world, tasks = self.world, self.world.keeper.active()
        answers = tokens = 0
        subjects = [
            Subject(
                individual,
                world.population.weights_hash(individual),
                functools.partial(world.population.weights, individual),
            )
            for individual in individuals
        ]
        for cells in world.examiner.examine(subjects, tasks):
            answers, tokens = answers + len(cells), tokens + sum(cell.tokens for cell in cells)
        world.journal.note("examined", answers=answers, tokens=tokens)
        world.keeper.retire(world.examiner.task_faults(tasks))
        world.examiner.require_results(self.settings.max_missing)

    def readable(self, children: Sequence[str]) -> list[str]:
        """Those whom the gibberish filter lets pass (method §4); seeds are never asked."""
        return [child for child in children if not self._is_gibberish(child)]

    def _is_gibberish(self, individual: str) -> bool:
        judge, store = self.world.gibberish, self.world.store
        if judge is None:
            return False
        known = store.is_gibberish(individual)
        if known is not None:
            return known  # judged before an interruption; by now there may be more answers, and others would be shown
        replies = self.world.examiner.replies(individual)
        answers = shown(replies, self.settings.gibberish.outputs, self.seed, individual)
        finding = judge.judge([answers])[0]
        with store.transaction():
            store.set_gibberish(individual, finding._asdict())
        return finding.gibberish

    def evolve_tasks(self, generation: int, archive: Sequence[str]) -> dict[str, int] | None:
        """Let the pool evolve by what the archive passes; counts of what happened, None in generations without it."""
        if not due(generation, self.settings.tasks):
            return None
        rates = self._matrix(archive)
        passed = dict(zip(rates.tasks, rates.pass_rates.tolist(), strict=True))
        return self.world.keeper.evolve(generation, passed)

    def parents(self, generation: int, archive: Sequence[str]) -> tuple[list[str], list[float] | None]:
        """Possible parents, with their odds where these are not equal."""
        if not chooses_parents(self.settings.selection):
            return list(archive), None
        matrix = self._matrix(archive)
        created = [self.world.population.created(individual) for individual in archive]
        niches = self._niches(matrix)
        found = parents(self.settings.selection, matrix.skills, created, niches=niches, turn=generation)
        if found is None:
            return list(archive), None
        return [archive[i] for i in found.indices], found.odds.tolist()

    def select(self, generation: int, individuals: Sequence[str]) -> tuple[list[str], list[str]]:
        """The next archive, best first, and those who are not in it.

        Raises:
            NotEnoughDataError: No individual, or no task with a result for all of them, is left.
        """
        matrix, size = self._matrix(individuals), self.settings.population
        if not individuals or not matrix.tasks:
            raise NotEnoughDataError(
                f"generation {generation}: {len(individuals)} individuals and {len(matrix.tasks)} tasks with a result for all "
                "of them are left, so nothing can be selected. Ask for more tasks "
                "(evolution.tasks.initial_target) or relax evolution.tasks.novelty."
            )
        created = [self.world.population.created(individual) for individual in individuals]
        if self.settings.selection.rule == "none":
            # The newest stay as company for the pool; every individual is a candidate.
            order = sorted(range(len(created)), key=lambda i: -created[i])[:size]
        else:
            order = select(
                self.settings.selection,
                matrix.skills,
                matrix.fitness,
                size,
                created,
                stream(self.seed, "selection", generation),
                niches=self._niches(matrix),
                turn=generation,
            ).tolist()
        chosen = set(order)
        return [individuals[i] for i in order], [n for i, n in enumerate(individuals) if i not in chosen]

    def close(
        self,
        generation: int,
        archive: Sequence[str],
        rejected: Sequence[str],
        newborn: Sequence[str],
        counts: dict[str, int],
        kinds: dict[str, int],
    ) -> Generation:
        """Write the end of a generation with the figures that the report draws over generations.

        Args:
            generation: Its number.
            archive: Best first.
            rejected: Individuals that were not selected.
            newborn: Created in this generation.
            counts: Further figures.
            kinds: What happened to tasks, by kind of event.
        """
        matrix = self._matrix(archive)
        statistics: dict[str, Any] = {
            "coverage": coverage(matrix.skills),
            "best_fitness": float(matrix.fitness.max()),
            "mean_fitness": float(matrix.fitness.mean()),
            "tasks": len(matrix.tasks),
            "newborn": len(newborn),
            **counts,
            "new_in_archive": len(set(newborn) & set(archive)),
            "task_events": kinds,
        }
        row = Generation(generation, tuple(archive), tuple(rejected), statistics)
        self.world.store.add_generation(row)
        told = {name: statistics[name] for name in ("coverage", "best_fitness")}
        self.world.journal.note("generation", number=generation, **told)
        candidate = generation % self.settings.candidates_every == 0
        self.world.population.keep(archive, candidate=candidate)
        return row

    def _matrix(self, individuals: Sequence[str]) -> SkillMatrix:
        """Skills on the active tasks, complete columns only."""
        return self.world.examiner.matrix(individuals, self.world.keeper.active()).complete()

    def _niches(self, matrix: SkillMatrix) -> list[str]:
        """The niche of each column."""
        niches = {task.id: task.niche for task in self.world.keeper.active()}
        return [niches[column.partition("/")[0]] for column in matrix.tasks]
