"""Let an individual answer tasks, have the answers scored, and say whose fault a failure is (method §1).

Only cells without a result are asked for, so that this is at once evaluation, backfill and resumption. The executor has
all prompts of an individual answered together, here or elsewhere; an individual's answers are scored and its cells
written in one transaction, in this process, in the order of the individuals.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from acdc.config.evolution import EvolutionSettings
from acdc.engines.engine import Answer, Sampling
from acdc.errors import InfrastructureError
from acdc.executors.executor import Executor, RequestBatch
from acdc.judging.extract import extract
from acdc.judging.judge import Judge
from acdc.judging.requests import judged
from acdc.judging.verdict import judge
from acdc.numbers.digits import in_percent
from acdc.sandbox import Job, Outcome, Sandbox, SandboxUnavailable
from acdc.skills import SkillMatrix
from acdc.storage.store import Cell, RunStore
from acdc.tasks.task_family import TaskFamily

if TYPE_CHECKING:
    from torch import Tensor


_SILENCE = (
    "after an outage it is asked again; a reply that held no verdict is kept and stays none, and takes another judge "
    "(judges.answers, which begins the run anew) or a larger max_missing"
)
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


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is examined.

    Attributes:
        individual: Its id.
        weights_hash: Content hash of its weights.
        weights: Gives the weights; called only if there is something to answer.
    """

    individual: str
    weights_hash: str
    weights: "Callable[[], Mapping[str, Tensor]]"


class PromptReader(Protocol):
    """Writes prompts and reads them as tokens, as the engines do (:class:`acdc.engines.prompts.Prompts`)."""

    def chat(self, user: str, system: str = "") -> str:
        """The prompt of one user turn."""
        ...

    def encode(self, text: str) -> Sequence[int]:
        """Its tokens."""
        ...


def instructions_fit(
    prompts: PromptReader, context: int | None, system: str, max_new_tokens: int
) -> Callable[[str], str]:
    """Tells instructions that the models cannot answer, before a model is asked.

    Args:
        prompts: Of the family.
        context: Longest prompt and answer together, in tokens; None where there is no bound.
        system: System message of every prompt.
        max_new_tokens: Token budget of an answer.

    Returns:
        A function from instructions to why they are too long; "" where they are not.
    """
    if context is None:
        return lambda instructions: ""
    room = context - max_new_tokens

    def fits(instructions: str) -> str:
        length = len(prompts.encode(prompts.chat(instructions, system)))
        if length <= room:
            return ""
        return (
            f"the instructions are too long for the models that are to answer: as a prompt they have {length} tokens, and {room} "
            "is the most"
        )

    return fits


class Examiner:
    """Fills the cells of a run's skill matrix.

    Args:
        executor: Has individuals answer.
        box: What scores.
        store: Where cells are kept; those already there are taken over.
        settings: Of the run: system message, token budget of an answer, examples of each family, and the score that passes.
        judge: Judges what a task's ``score`` asks to be judged; None: such a task is at fault.
    """

    def __init__(
        self,
        executor: Executor,
        box: Sandbox,
        store: RunStore,
        settings: EvolutionSettings,
        judge: Judge | None = None,
    ) -> None:
        self._executor, self._box, self._store, self._judge = executor, box, store, judge
        self._system, self._tasks = settings.system, settings.tasks
        self._sampling = Sampling(max_new_tokens=settings.answer_tokens, logprobs=False)
        self._references: dict[str, Outcome] = {}
        self._cells: dict[str, dict[str, Cell]] = {}
        for cell in store.cells():
            self._remember(cell)

    def columns(self, tasks: Iterable[TaskFamily]) -> list[Column]:
        """The columns of these families, in their order."""
        return [
            Column(task.id, example.task, example.instructions)
            for task in tasks
            for example in task.examples[: self._tasks.examples_per_task]
        ]

    def examine(self, subjects: Sequence[Subject], tasks: Sequence[TaskFamily]) -> Iterator[list[Cell]]:
        """Answer and score whatever these individuals have no result for.

        Args:
            subjects: The individuals that answer; each once.
            tasks: Families to be examined in.

        Returns:
            For each of them its new cells, which are in the store by then.
        """
        families = {task.id: task for task in tasks}
        open_cells = [self._open(subject.individual, tasks) for subject in subjects]
        request_batches = [
            RequestBatch(who.individual, who.weights_hash, who.weights, tuple(c.instructions for c in todo))
            for who, todo in zip(subjects, open_cells, strict=True)
            if todo
        ]
        answered = self._executor.answer(request_batches, system=self._system, sampling=self._sampling)
        for who, todo in zip(subjects, open_cells, strict=True):
            if not todo:
                yield []
                continue
            answers = next(answered)
            cells = self._score(
                who.individual, [(families[c.task], c, a) for c, a in zip(todo, answers, strict=True)]
            )
            self._store.put_cells(cells)
            for cell in cells:
                self._remember(cell)
            yield cells

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

    def _open(self, individual: str, tasks: Sequence[TaskFamily]) -> list[Column]:
        """The columns in which an individual has no result."""
        known = self._cells.get(individual, {})
        return [c for c in self.columns(tasks) if c.name not in known or known[c.name].verdict == "missing"]

    def require_results(self, max_missing: float) -> None:
        """Stop where so many results are missing that a number from the rest would be biased.

        Args:
            max_missing: The share of all cells so far that may be missing.

        Raises:
            InfrastructureError: More are; the message says whose doing it was.
        """
        missing = self.missing_rate()
        if missing <= max_missing:
            return
        silent = sum(cell.error == "judge" for cells in self._cells.values() for cell in cells.values())
        raise InfrastructureError(
            f"{in_percent(missing)}% of the results are missing, more than max_missing = {in_percent(max_missing)}%: a number from the rest "
            "would be biased. Fix the sandbox or the engine (`acdc doctor`) and run again; what is there is kept and the "
            "missing ones are tried again."
            + (f" {silent} wait for a verdict of the judge of answers: {_SILENCE}" if silent else "")
        )

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
        labels = [f"{column.name}/{individual}" for _, column, _ in answered]
        outcomes = self._outcomes(jobs, labels)
        self._score_references(
            task
            for (task, _, _), outcome in zip(answered, outcomes, strict=True)
            if outcome is not None and outcome.error and outcome.error != "judge"
        )
        cells = []
        for (task, column, answer), outcome in zip(answered, outcomes, strict=True):
            reference = self._references.get(task.id)
            if outcome is not None and outcome.error and outcome.error != "judge" and reference is None:
                outcome = None  # the sandbox died under the reference: the fault is not known
            verdict = judge(outcome, reference, pass_mark=self._tasks.pass_score)
            # A fault of the task or of ours says nothing about the individual: the cell has no result.
            result = verdict.verdict if verdict.verdict in ("pass", "fail") else "missing"
            cells.append(
                Cell(
                    individual, task.id, column.example, result, verdict.score, verdict.cause, verdict.error,
                    answer.text, answer.finish, len(answer.tokens),
                )
            )  # fmt: skip
        return cells

    def _score_references(self, tasks: Iterable[TaskFamily]) -> None:
        """Score the reference solutions of families on which something went wrong: is it the task's fault?"""
        open_ = {task.id: task for task in tasks if task.id not in self._references}
        jobs = [Job(task.source, task.examples[0].task, task.reference) for task in open_.values()]
        labels = [f"{identity}/reference" for identity in open_]
        for identity, outcome in zip(open_, self._outcomes(jobs, labels), strict=True):
            if outcome is not None and outcome.error != "judge":
                self._references[identity] = outcome

    def _outcomes(self, jobs: Sequence[Job], labels: Sequence[str]) -> list[Outcome | None]:
        """What the sandbox says, and the judge where the task asks for it."""
        return judged(self._boxed(jobs), labels, self._judge, outage_is_missing=True)

    def _boxed(self, jobs: Sequence[Job]) -> list[Outcome | None]:
        """What the sandbox says; None for a job under which it died, which is our fault.

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
