"""One model on all benchmarks through lm-eval: answer (from the cache where known), judge, record.

Every question of every benchmark and draw is answered first, in batches shared by benchmarks, each batch one
transaction of the answer cache; then lm-eval judges them, benchmark by benchmark, draw by draw. An answer depends on
weights, prompt, sampling and its own random stream alone, so the samples are the same whether they were cached, resumed
or made afresh. A failing engine or sandbox leaves *missing* answers, a third outcome that is counted and never a zero.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acdc.engines.engine import Engine, Request, Sampling
from acdc.errors import InfrastructureError, InputError
from acdc.streams import key as stream_key
from evals.answering.answer_cache import AnswerCache, Reply, Verdict, answer_key, reply_of, verdict_key
from evals.answering.benchmark_run import BenchmarkRun, Record
from evals.answering.judged_answers import verdicts
from evals.answering.prompt_tokens import PromptTokens, read_prompts
from evals.settings import EvaluationSettings

if TYPE_CHECKING:
    from torch import Tensor

    from acdc.judging.judge import Judge
    from acdc.judging.judge import Question as Judged
    from acdc.sandbox import Job as Run
    from acdc.sandbox import Outcome, Sandbox

_LOAD = ("timeout", "killed")
_STREAM_MASK = (1 << 64) - 1


@dataclass(frozen=True)
class Model:
    """Weights that answer questions.

    Attributes:
        name: The answerer's name in results.
        load: Makes the weights when an answer is not known yet; picklable, for it may run in another process.
        weights_hash: Their hash where it is known beforehand; None: loaded to find out.
        identity: What its random streams hang on: (run seed, id) of a child, the name of any other model. Not the hash of its weights,
            whose last bits differ between processors. Empty: the name.
    """

    name: str
    load: Callable[[], "Mapping[str, Tensor]"] = field(compare=False, repr=False)
    weights_hash: str | None = None
    identity: tuple[int | str, ...] = ()

    @property
    def stream_indices(self) -> tuple[int | str, ...]:
        """The indices that tell its random streams from those of other models."""
        return self.identity or (self.name,)


@dataclass(frozen=True)
class Job:
    """One model, one way of sampling, on all benchmarks.

    Attributes:
        model: Who answers.
        temperature: 0 is greedy.
        draws: Answers a question; 1 where greedy.
        first: Number of the first draw; a draw is the same in whatever job it is made.
    """

    model: Model
    temperature: float = 0.0
    draws: int = 1
    first: int = 0


@dataclass(frozen=True)
class Ask:
    """One answer that is wanted: which benchmark, question and draw, and how."""

    benchmark_run: BenchmarkRun
    question: int
    draw: int
    request: Request
    sampling: Sampling
    key: bytes


class Harness:
    """An engine, the benchmarks made ready for it, and the cache.

    Args:
        engine: Answers; its weights are swapped.
        benchmark_runs: The benchmarks.
        cache: Answers made before.
        settings: Seed of every draw, nucleus, prompts in one transaction, retries of a failed batch, and the largest share of
            questions that may be too long for the model (`max_missing`); those are missing, and never asked.
        box: The sandbox that runs answers which are programs; may be None where no benchmark has such.
        limits: Its limits, as text; verdicts depend on them.
        judge: Asks a model about open answers; may be None where no benchmark has such.
    """

    def __init__(
        self,
        engine: Engine,
        benchmark_runs: Sequence[BenchmarkRun],
        cache: AnswerCache,
        settings: EvaluationSettings,
        *,
        box: "Sandbox | None" = None,
        limits: str = "",
        judge: "Judge | None" = None,
    ) -> None:
        self._engine, self._benchmark_runs, self._cache = engine, list(benchmark_runs), cache
        self._settings, self._box, self._limits, self._judge = settings, box, limits, judge

    def run(self, job: Job, progress: Callable[[int], None] | None = None) -> dict[str, list[Record]]:
        """Samples of one job.

        Args:
            job: Who answers, and how.
            progress: Called with how many answers became known since its last call.

        Returns:
            For each benchmark lm-eval's records with the fields of :meth:`BenchmarkRun.grade` and `model`, `weights_hash`,
            `temperature`, `draw`; draw by draw, questions in order.

        Raises:
            InputError: Too many prompts with their budget exceed the model's context, or one has two BOS tokens or lacks its one.
            InfrastructureError: The judge refuses, or a benchmark needs a sandbox or a judge, and there is none.
        """
        self._refuse_too_long()
        weights: Mapping[str, Tensor] | None = None
        weights_hash = job.model.weights_hash
        if weights_hash is None:
            from acdc.weights.tensors import weights_hash as hash_of

            weights = job.model.load()
            weights_hash = hash_of(weights)
        asks = self._asks(job, weights_hash)
        replies = self._cache.get([ask.key for ask in asks])
        unasked = {
            ask.key for ask in asks if ask.question in self._too_long[ask.benchmark_run.benchmark.name]
        }
        wanted = list(
            {ask.key: ask for ask in asks if ask.key not in replies and ask.key not in unasked}.values()
        )
        if progress is not None:
            progress(len(asks) - len(wanted))
        if wanted:
            weights = weights if weights is not None else job.model.load()
            self._engine.load(weights, weights_hash)
            for batch in self._batches(wanted):
                replies.update(self._answer(batch, progress))
        return {
            benchmark_run.benchmark.name: self._samples(job, weights_hash, benchmark_run, asks, replies)
            for benchmark_run in self._benchmark_runs
        }

    @functools.cached_property
    def prompts(self) -> dict[str, PromptTokens]:
        """The prompts of each benchmark as the engine reads them. Raises InputError as :func:`read_prompts`."""
        return {
            benchmark_run.benchmark.name: read_prompts(self._engine, benchmark_run)
            for benchmark_run in self._benchmark_runs
        }

    @functools.cached_property
    def _too_long(self) -> dict[str, set[int]]:
        return {
            benchmark_run.benchmark.name: set(
                self.prompts[benchmark_run.benchmark.name].too_long(
                    benchmark_run.sampling(0.0, 1.0).max_new_tokens
                )
            )
            for benchmark_run in self._benchmark_runs
        }

    def _refuse_too_long(self) -> None:
        total = sum(len(benchmark_run.questions) for benchmark_run in self._benchmark_runs)
        count = sum(map(len, self._too_long.values()))
        if count <= self._settings.max_missing * total:
            return
        benchmark_run = max(
            self._benchmark_runs, key=lambda benchmark_run: len(self._too_long[benchmark_run.benchmark.name])
        )
        facts, budget = (
            self.prompts[benchmark_run.benchmark.name].facts,
            benchmark_run.sampling(0.0, 1.0).max_new_tokens,
        )
        raise InputError(
            f"{count} of {total} questions do not fit into the model's context of {facts['context']} tokens, most of them of "
            f"{benchmark_run.benchmark.name}: its longest prompt has {facts['longest_prompt']} tokens and an answer may have {budget}. "
            "Lower evaluation.max_new_tokens, leave the benchmark out of evaluation.benchmarks, or take a model with a longer context"
        )

    def _asks(self, job: Job, weights_hash: str) -> list[Ask]:
        asks = []
        drawn = job.temperature > 0
        for benchmark_run in self._benchmark_runs:
            sampling = benchmark_run.sampling(job.temperature, self._settings.top_p)
            for draw in range(job.first, job.first + job.draws):
                for index, question in enumerate(benchmark_run.questions):
                    indices = (*job.model.stream_indices, benchmark_run.benchmark.name, question.id, draw)
                    stream = (
                        stream_key(self._settings.seed, "answer", *indices) & _STREAM_MASK if drawn else 0
                    )
                    request = Request(question.prompt, stream)
                    found = answer_key(self._engine.version, weights_hash, request, sampling)
                    asks.append(Ask(benchmark_run, index, draw, request, sampling, found))
        return asks

    def _batches(self, asks: Sequence[Ask]) -> Iterator[list[Ask]]:
        """Asks of equal sampling together, so that benchmarks share the engine's batches."""
        by_sampling: dict[Sampling, list[Ask]] = {}
        for ask in asks:
            by_sampling.setdefault(ask.sampling, []).append(ask)
        for group in by_sampling.values():
            for first in range(0, len(group), self._settings.batch):
                yield group[first : first + self._settings.batch]

    def _answer(self, batch: Sequence[Ask], progress: Callable[[int], None] | None) -> dict[bytes, Reply]:
        """Answers of one batch, kept in the cache; empty where the engine failed every time."""
        for _ in range(1 + self._settings.retries):
            try:
                answers = self._engine.generate([ask.request for ask in batch], batch[0].sampling)
            except InfrastructureError:
                continue
            made = {ask.key: reply_of(answer) for ask, answer in zip(batch, answers, strict=True)}
            self._cache.put(made.items())
            if progress is not None:
                progress(len(batch))
            return made
        return {}

    def _samples(
        self,
        job: Job,
        weights_hash: str,
        benchmark_run: BenchmarkRun,
        asks: Sequence[Ask],
        replies: Mapping[bytes, Reply],
    ) -> list[Record]:
        mine = [ask for ask in asks if ask.benchmark_run is benchmark_run]
        samples: list[Record] = []
        judged: list[Judged | None] = []
        for draw in range(job.first, job.first + job.draws):
            given = [replies.get(ask.key) for ask in mine if ask.draw == draw]
            records = benchmark_run.grade(given)
            if benchmark_run.scored_by == "judge":
                judged += benchmark_run.open_answers(given)
            for place in self._too_long[benchmark_run.benchmark.name]:
                records[place]["missing"] = "prompt and budget exceed the model's context"
            for record in records:
                record |= {
                    "model": job.model.name,
                    "weights_hash": weights_hash,
                    "temperature": job.temperature,
                    "draw": draw,
                }
            samples += records
        if benchmark_run.scored_by == "sandbox":
            self._run_programs(samples)
        if benchmark_run.scored_by == "judge":
            self._ask_judge(samples, judged)
        return samples

    def _ask_judge(self, samples: Sequence[Record], asked: "Sequence[Judged | None]") -> None:
        """Verdicts on open answers; None where there is none."""
        if self._judge is None:
            raise InfrastructureError(
                "a benchmark has open answers, but no judge is set; name one in judges.answers"
            )
        said = verdicts(self._judge, self._cache, [one for one in asked if one is not None])
        for sample, one in zip(samples, asked, strict=True):
            word = None if one is None else said[one]
            sample["correct"] = None if word is None else word == "pass"
            sample["judge_pass"] = None if word is None else float(word == "pass")

    def _run_programs(self, samples: Sequence[Record]) -> None:
        """Verdicts of answers that are programs: from the cache, else from the sandbox."""
        if self._box is None:
            raise InfrastructureError(
                "a benchmark has programs as answers, but no sandbox is open to run them"
            )
        runs = {}
        for sample in (sample for sample in samples if sample["finish"] is not None):
            run = run_of(sample)
            runs[id(sample)] = (verdict_key(self._limits, run.source, run.task, run.submission), run)
        known = self._cache.verdicts(list({key for key, _ in runs.values()}))
        wanted = {key: run for key, run in runs.values() if key not in known}
        known |= self._judged(self._box, wanted)
        for sample in samples:
            verdict = known.get(runs[id(sample)][0]) if id(sample) in runs else None
            sample["correct"] = None if verdict is None else verdict.correct
            sample["sandbox_pass"] = None if verdict is None else float(verdict.correct)
            sample["sandbox_error"] = None if verdict is None else verdict.error

    def _judged(self, box: "Sandbox", wanted: "Mapping[bytes, Run]") -> dict[bytes, Verdict]:
        """The sandbox's verdicts, kept in the cache; empty where it failed every time."""
        for _ in range(1 + self._settings.retries):
            try:
                outcomes = box.score(list(wanted.values()))
            except InfrastructureError:
                continue
            verdicts = {key: verdict_of(outcome) for key, outcome in zip(wanted, outcomes, strict=True)}
            # A verdict that a busy machine may have caused is not kept.
            self._cache.put_verdicts(pair for pair in verdicts.items() if pair[1].error not in _LOAD)
            return verdicts
        return {}


def run_of(sample: Record) -> "Run":
    """The sandbox's job for a sample record: its question's task family, its filtered answer."""
    from acdc.sandbox import Job as Run

    return Run(sample["doc"]["source"], sample["doc"]["task"], str(sample["filtered_resps"][0]))


def verdict_of(outcome: "Outcome") -> Verdict:
    """Right is a score of at least a half."""
    return Verdict(outcome.score is not None and outcome.score >= 0.5, outcome.error)
