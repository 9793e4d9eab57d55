"""Let an individual answer tasks, have the answers scored, and say whose fault a failure is (method §1).

Only cells without a result are asked for, so that this is at once evaluation, backfill and resumption. One call is one
individual: its weights are loaded, all its prompts answered in one batch, all answers scored, all cells written in one
transaction.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acdc.engines.engine import Answer, Engine, Request, Sampling
from acdc.sandbox import Job, Outcome, Sandbox, SandboxUnavailable
from acdc.skills import SkillMatrix
from acdc.store import Cell, RunStore
from acdc.tasks.extract import extract
from acdc.tasks.task_family import TaskFamily
from acdc.tasks.verdict import judge

if TYPE_CHECKING:
    from torch import Tensor


_DEATHS = 3  # of the sandbox in a row, after which it is not asked again


@dataclass(frozen=True, slots=True)
class Column:
    """One example of a task family: a column of the skill matrix."""

    task: str
    example: str
    instructions: str

    @property
    def name(self) -> str:
        """Unique in a run."""
        return f"{self.task}/{self.example}"


class Examiner:
    """Fills the cells of a run's skill matrix.

    Args:
        engine: What answers.
        box: What scores.
        store: Where cells are kept; those already there are taken over.
        system: System message of every prompt.
        max_new_tokens: Token budget of an answer.
        examples_per_task: How many examples of each family are columns.
        pass_score: Score from which on an answer passes.
    """

    def __init__(
        self,
        engine: Engine,
        box: Sandbox,
        store: RunStore,
        *,
        system: str,
        max_new_tokens: int,
        examples_per_task: int = 1,
        pass_score: float = 0.5,
    ) -> None:
        self._engine, self._box, self._store = engine, box, store
        self._system, self._examples, self._pass_score = system, examples_per_task, pass_score
        self._sampling = Sampling(max_new_tokens=max_new_tokens, logprobs=False)
        self._references: dict[str, Outcome] = {}
        self._cells: dict[str, dict[str, Cell]] = {}
        for cell in store.cells():
            self._remember(cell)

    def columns(self, tasks: Iterable[TaskFamily]) -> list[Column]:
        """The columns of these families, in their order."""
        return [
            Column(task.id, example.task, example.instructions)
            for task in tasks
            for example in task.examples[: self._examples]
        ]

    def examine(
        self,
        individual: str,
        weights_hash: str,
        weights: "Callable[[], Mapping[str, Tensor]]",
        tasks: Sequence[TaskFamily],
    ) -> list[Cell]:
        """Answer and score whatever ``individual`` has no result for.

        Args:
            individual: Its id.
            weights_hash: Content hash of its weights.
            weights: Gives the weights; called only if there is something to answer.
            tasks: Families to be examined in.

        Returns:
            The new cells, also written to the store.
        """
        known = self._cells.get(individual, {})
        families = {task.id: task for task in tasks}
        todo = [c for c in self.columns(tasks) if c.name not in known or known[c.name].verdict == "missing"]
        if not todo:
            return []
        if self._engine.weights_hash != weights_hash:
            self._engine.load(weights(), weights_hash)
        prompts = [Request(self._engine.chat(column.instructions, self._system)) for column in todo]
        answers = self._engine.generate(prompts, self._sampling)
        cells = self._score(
            individual, [(families[c.task], c, a) for c, a in zip(todo, answers, strict=True)]
        )
        self._store.put_cells(cells)
        for cell in cells:
            self._remember(cell)
        return cells

    def replies(self, individual: str) -> list[Cell]:
        """Every cell of an individual so far, in order of columns."""
        return [cell for _, cell in sorted(self._cells.get(individual, {}).items())]

    def matrix(self, individuals: Sequence[str], tasks: Sequence[TaskFamily]) -> SkillMatrix:
        """The skill matrix of these individuals on these tasks."""
        columns = [column.name for column in self.columns(tasks)]
        return SkillMatrix.from_results(individuals, columns, self._results(individuals))

    def task_faults(self, tasks: Iterable[TaskFamily]) -> dict[str, str]:
        """Tasks that are at fault themselves, with the error that showed it."""
        wanted = {task.id for task in tasks}
        return {
            cell.task: cell.error or "verdict"
            for cells in self._cells.values()
            for cell in cells.values()
            if cell.cause == "task" and cell.task in wanted
        }

    def missing_rate(self) -> float:
        """Share of all cells so far that have no result."""
        cells = [cell for row in self._cells.values() for cell in row.values() if cell.cause != "task"]
        return sum(cell.verdict == "missing" for cell in cells) / len(cells) if cells else 0.0

    def _remember(self, cell: Cell) -> None:
        self._cells.setdefault(cell.individual, {})[f"{cell.task}/{cell.example}"] = cell

    def _results(self, individuals: Iterable[str]) -> Iterable[tuple[str, str, bool | None]]:
        for individual in individuals:
            for name, cell in self._cells.get(individual, {}).items():
                yield individual, name, None if cell.verdict == "missing" else cell.verdict == "pass"

    def _score(self, individual: str, answered: Sequence[tuple[TaskFamily, Column, Answer]]) -> list[Cell]:
        submissions = [extract(answer.text, task.is_code) for task, _, answer in answered]
        jobs = [
            Job(task.source, column.example, text)
            for (task, column, _), text in zip(answered, submissions, strict=True)
        ]
        outcomes = self._outcomes(jobs)
        self._judge_references(
            task
            for (task, _, _), outcome in zip(answered, outcomes, strict=True)
            if outcome is not None and outcome.error
        )
        cells = []
        for (task, column, answer), outcome in zip(answered, outcomes, strict=True):
            reference = self._references.get(task.id)
            if outcome is not None and outcome.error and reference is None:
                outcome = None  # the sandbox died under the reference: nobody knows whose fault it was
            verdict = judge(outcome, reference, pass_mark=self._pass_score)
            # A fault of the task or of ours says nothing about the individual: the cell has no result.
            result = verdict.verdict if verdict.verdict in ("pass", "fail") else "missing"
            cells.append(
                Cell(
                    individual, task.id, column.example, result, verdict.score, verdict.cause, verdict.error,
                    answer.text, answer.finish, len(answer.tokens),
                )
            )  # fmt: skip
        return cells

    def _judge_references(self, tasks: Iterable[TaskFamily]) -> None:
        """Score the reference solutions of families on which something went wrong: is it the task's fault?"""
        open_ = {task.id: task for task in tasks if task.id not in self._references}
        jobs = [Job(task.source, task.examples[0].task, task.reference) for task in open_.values()]
        for identity, outcome in zip(open_, self._outcomes(jobs), strict=True):
            if outcome is not None:
                self._references[identity] = outcome

    def _outcomes(self, jobs: Sequence[Job]) -> list[Outcome | None]:
        """What the sandbox says; None for a job under which it died, which is our fault and nobody else's.

        One submission that kills the worker whenever it runs must not end the run at every restart: the batch is tried
        job by job, and after three deaths in a row the sandbox is taken for gone and the rest is missing, too.
        """
        try:
            return list(self._box.score(jobs))
        except SandboxUnavailable:
            outcomes: list[Outcome | None] = []
            deaths = 0
            for job in jobs:
                try:
                    outcomes.append(self._box.score([job])[0] if deaths < _DEATHS else None)
                    deaths = 0 if deaths < _DEATHS else deaths
                except SandboxUnavailable:
                    outcomes.append(None)
                    deaths += 1
            return outcomes
