"""A benchmark that lm-eval has as several tasks, one for each subject, asked and judged as one."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from evals.answering.answer_cache import Reply
from evals.answering.benchmark_exam import Exam, Question, Record, refuse_repeated
from evals.benchmarks.registry import Benchmark, parts

if TYPE_CHECKING:
    from acdc.judging.judge import Question as Judged


class GroupExam(Exam):
    """Several exams in a row; every question counts the same, as upstream's groups weigh by size.

    Args:
        benchmark: As it is called here.
        exams: One for each task, in the order of their questions.
    """

    def __init__(self, benchmark: Benchmark, exams: Sequence[Exam]) -> None:
        self.benchmark = benchmark
        self._exams = list(exams)
        self.questions: list[Question] = [question for exam in exams for question in exam.questions]
        refuse_repeated([question.id for question in self.questions], benchmark)
        self.scored_by = exams[0].scored_by
        self.withheld = exams[0].withheld
        self._generation, self._budget = exams[0]._generation, exams[0]._budget

    def grade(self, replies: Sequence[Reply | None]) -> list[Record]:
        """Verdicts of all tasks; arguments and fields as of :meth:`Exam.grade`, `doc_id` counted through."""
        records: list[Record] = []
        for exam in self._exams:
            first = len(records)
            records += exam.grade(replies[first : first + len(exam.questions)])
        return [record | {"doc_id": number} for number, record in enumerate(records)]

    def open_answers(self, replies: Sequence[Reply | None]) -> "list[Judged | None]":
        """As of :meth:`Exam.open_answers`, all tasks in a row."""
        rest = list(replies)
        asked: list[Judged | None] = []
        for exam in self._exams:
            asked += exam.open_answers(rest[: len(exam.questions)])
            rest = rest[len(exam.questions) :]
        return asked


def open_exam(
    benchmark: Benchmark,
    chat: Callable[[str, str], str],
    template: str,
    max_new_tokens: int | None = None,
) -> Exam:
    """The benchmark made ready, whether lm-eval has it as one task or as several; arguments and errors as of :class:`Exam`."""
    tasks = parts(benchmark)
    exams = [Exam(task, chat, template, max_new_tokens) for task in tasks]
    return exams[0] if tasks == [benchmark] else GroupExam(benchmark, exams)
