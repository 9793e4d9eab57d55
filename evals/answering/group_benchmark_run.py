"""One benchmark run over several lm-eval tasks, one for each subject."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from evals.answering.answer_cache import Reply
from evals.answering.benchmark_run import BenchmarkRun, Question, Record, refuse_repeated
from evals.benchmarks.registry import Benchmark, parts

if TYPE_CHECKING:
    from acdc.judging.judge import Question as Judged


class GroupBenchmarkRun(BenchmarkRun):
    """Several benchmark runs in a row; every question counts the same, as upstream's groups weigh by size.

    Args:
        benchmark: As it is called here.
        benchmark_runs: One for each task, in the order of their questions.
    """

    def __init__(self, benchmark: Benchmark, benchmark_runs: Sequence[BenchmarkRun]) -> None:
        self.benchmark = benchmark
        self._benchmark_runs = list(benchmark_runs)
        self.questions: list[Question] = [
            question for benchmark_run in benchmark_runs for question in benchmark_run.questions
        ]
        refuse_repeated([question.id for question in self.questions], benchmark)
        self.scored_by = benchmark_runs[0].scored_by
        self.withheld = benchmark_runs[0].withheld
        self._generation, self._budget = benchmark_runs[0]._generation, benchmark_runs[0]._budget

    def grade(self, replies: Sequence[Reply | None]) -> list[Record]:
        """Verdicts of all tasks; arguments and fields as of :meth:`BenchmarkRun.grade`, `doc_id` counted through."""
        records: list[Record] = []
        for benchmark_run in self._benchmark_runs:
            first = len(records)
            records += benchmark_run.grade(replies[first : first + len(benchmark_run.questions)])
        return [record | {"doc_id": number} for number, record in enumerate(records)]

    def open_answers(self, replies: Sequence[Reply | None]) -> "list[Judged | None]":
        """As of :meth:`BenchmarkRun.open_answers`, all tasks in a row."""
        rest = list(replies)
        asked: list[Judged | None] = []
        for benchmark_run in self._benchmark_runs:
            asked += benchmark_run.open_answers(rest[: len(benchmark_run.questions)])
            rest = rest[len(benchmark_run.questions) :]
        return asked


def open_benchmark_run(
    benchmark: Benchmark,
    chat: Callable[[str, str], str],
    template: str,
    max_new_tokens: int | None = None,
) -> BenchmarkRun:
    """The benchmark made ready, whether lm-eval has it as one task or as several; arguments and errors as of :class:`BenchmarkRun`."""
    tasks = parts(benchmark)
    benchmark_runs = [BenchmarkRun(task, chat, template, max_new_tokens) for task in tasks]
    return benchmark_runs[0] if tasks == [benchmark] else GroupBenchmarkRun(benchmark, benchmark_runs)
