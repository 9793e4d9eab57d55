"""The same samples whether answers were cached, resumed or made afresh; failures of ours are missing, never wrong."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from acdc.errors import InfrastructureError, InputError
from evals.answering.harness import Job


class Interrupted(Exception):  # noqa: N818
    pass


class Failing:
    """The real engine behind a line that breaks after some batches."""

    def __init__(self, engine: Any, batches: int, error: Exception) -> None:
        self._engine, self._batches, self._error = engine, batches, error
        self.version, self.asked = engine.version, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def generate(self, requests: Any, sampling: Any, progress: Any = None) -> Any:
        if self._batches <= 0:
            raise self._error
        self._batches -= 1
        self.asked += len(requests)
        return self._engine.generate(requests, sampling, progress)


def bytes_of(samples: dict[str, Any]) -> str:
    return json.dumps(samples, default=str)


def test_a_sample_has_lm_evals_fields_and_ours(
    harness: Callable[..., Any], model: Callable[..., Any]
) -> None:
    samples = harness().run(Job(model()))["probe_exact"]
    assert len(samples) == 10
    sample = samples[3]
    assert sample["doc"] == {"id": "q3", "question": "q 3", "answer": "4"}
    assert sample["arguments"][0][0] == "<usr>What follows q 3?<ast>"
    assert sample["question_id"] == "q3"
    assert sample["question_hash"] == sample["doc_hash"][:16]
    assert (sample["model"], sample["temperature"], sample["draw"]) == ("times 1.0", 0.0, 0)
    assert sample["correct"] == (sample["exact_match"] == 1.0)
    assert {"resps", "filtered_resps", "target", "metrics", "prompt_hash", "target_hash"} <= sample.keys()
    assert 0 < sample["tokens"] <= 12
    assert sample["finish"] in ("stop", "length")
    assert sample["mean_logprob"] < 0 < sample["self_certainty"]


@pytest.mark.parametrize("job", [{"temperature": 0.0}, {"temperature": 0.7, "draws": 3}])
def test_cached_and_resumed_samples_equal_fresh_ones(
    harness: Callable[..., Any], model: Callable[..., Any], tiny_engine: Any, job: dict[str, Any]
) -> None:
    fresh = harness("fresh.sqlite", batch=64).run(Job(model(), **job))
    failing = Failing(tiny_engine, 2, Interrupted())
    with pytest.raises(Interrupted):
        harness("resumed.sqlite", failing).run(Job(model(), **job))
    resuming = Failing(tiny_engine, 100, Interrupted())
    resumed = harness("resumed.sqlite", resuming).run(Job(model(), **job))
    assert resuming.asked == 10 * job.get("draws", 1) - 8
    cached = harness("resumed.sqlite", Failing(tiny_engine, 0, Interrupted())).run(Job(model(), **job))
    assert bytes_of(fresh) == bytes_of(resumed) == bytes_of(cached)


def test_a_draw_is_the_same_in_whatever_job_it_is_made(
    harness: Callable[..., Any], model: Callable[..., Any]
) -> None:
    together = harness("a.sqlite").run(Job(model(), 0.7, draws=3))["probe_exact"]
    alone = harness("b.sqlite").run(Job(model(), 0.7, draws=1, first=2))["probe_exact"]
    assert bytes_of({"": together[20:]}) == bytes_of({"": alone})
    replies = [[sample["resps"] for sample in together[first : first + 10]] for first in (0, 10, 20)]
    assert replies[0] != replies[1] != replies[2]


def test_an_answer_does_not_depend_on_the_other_benchmarks(
    harness: Callable[..., Any], benchmark_run: Callable[..., Any], model: Callable[..., Any]
) -> None:
    benchmark_runs = [benchmark_run(), benchmark_run("probe_same_budget")]
    alone = harness("a.sqlite", benchmark_runs=benchmark_runs[:1]).run(Job(model(), 0.7))["probe_exact"]
    together = harness("b.sqlite", benchmark_runs=benchmark_runs[::-1]).run(Job(model(), 0.7))
    assert len(together["probe_same_budget"]) == 10
    assert bytes_of({"": alone}) == bytes_of({"": together["probe_exact"]})
    assert [sample["resps"] for sample in alone] != [
        sample["resps"] for sample in together["probe_same_budget"]
    ]


def test_models_of_one_name_do_not_share_answers(
    harness: Callable[..., Any], model: Callable[..., Any]
) -> None:
    bench = harness()
    first = bench.run(Job(model(1.0, "same")))["probe_exact"]
    second = bench.run(Job(model(2.0, "same")))["probe_exact"]
    assert [sample["resps"] for sample in first] != [sample["resps"] for sample in second]


def test_a_failing_engine_leaves_missing_answers_and_no_wrong_ones(
    harness: Callable[..., Any], model: Callable[..., Any], tiny_engine: Any
) -> None:
    failing = Failing(tiny_engine, 1, InfrastructureError("endpoint down"))
    samples = harness("answers.sqlite", failing).run(Job(model()))["probe_exact"]
    assert [sample["correct"] is None for sample in samples] == [False] * 4 + [True] * 6
    again = harness("answers.sqlite").run(Job(model()))["probe_exact"]
    assert all(sample["correct"] is not None for sample in again)


def test_one_failure_of_an_engine_is_retried(
    harness: Callable[..., Any], model: Callable[..., Any], tiny_engine: Any
) -> None:
    class Once(Failing):
        def generate(self, requests: Any, sampling: Any, progress: Any = None) -> Any:
            self._batches += 1
            if self._batches == 1:
                raise InfrastructureError("a hiccup")
            return self._engine.generate(requests, sampling, progress)

    samples = harness("answers.sqlite", Once(tiny_engine, 0, Interrupted())).run(Job(model()))["probe_exact"]
    assert all(sample["correct"] is not None for sample in samples)


def test_answers_cut_by_the_budget_are_marked(
    harness: Callable[..., Any], benchmark_run: Callable[..., Any], model: Callable[..., Any]
) -> None:
    samples = harness(benchmark_runs=[benchmark_run(budget=1)]).run(Job(model()))["probe_exact"]
    assert {sample["finish"] for sample in samples} >= {"length"}
    assert all(sample["tokens"] <= 1 for sample in samples)


def test_a_benchmark_that_compares_likelihoods_is_refused(benchmark_run: Callable[..., Any]) -> None:
    with pytest.raises(InputError, match="probe_likelihood compares log-likelihoods"):
        benchmark_run("probe_likelihood")


def test_two_questions_of_one_id_are_refused(benchmark_run: Callable[..., Any]) -> None:
    row = {"id": "twice", "question": "a", "answer": "b"}
    with pytest.raises(InputError, match="share the id 'twice'"):
        benchmark_run(questions=[row, row])


def test_a_right_answer_counts_as_right(benchmark_run: Callable[..., Any]) -> None:
    from evals.answering.answer_cache import Reply

    ready = benchmark_run()
    replies = [Reply(str(number + 1 if number % 2 else 0), "stop", 1, 5) for number in range(10)]
    right = np.array([record["correct"] for record in ready.grade(replies)])
    np.testing.assert_array_equal(right, np.arange(10) % 2 == 1)


def test_few_shot_examples_are_part_of_the_prompt_and_do_not_change(
    benchmark_run: Callable[..., Any],
) -> None:
    from evals.answering.answer_cache import Reply

    ready = benchmark_run("probe_fewshot")
    assert ready.questions[0].prompt.count("What follows") == 3
    replies = [Reply("1", "stop", 1, 5)] * 10
    assert bytes_of({"": ready.grade(replies)}) == bytes_of({"": ready.grade(replies)})


SOURCE = """
class TaskFamily:
    @staticmethod
    def get_tasks() -> dict[str, dict]:
        return {"1": {}}

    @staticmethod
    def get_instructions(t: dict) -> str:
        return ""

    @staticmethod
    def score(t: dict, submission: str) -> float | None:
        try:
            return float(run_answer(submission, "f", [2]) == 4)
        except RuntimeError:
            return 0.0
"""


def test_programs_are_judged_by_the_sandbox(
    benchmark_run: Callable[..., Any], tiny_engine: Any, tmp_path: Any
) -> None:
    from acdc.sandbox import Sandbox
    from evals.answering.answer_cache import AnswerCache, Reply, verdict_key
    from evals.answering.harness import Harness, Model
    from evals.settings import EvaluationSettings

    programs = [
        "def f(x):\n    return x * x",
        "def f(x):\n    return x",
        "no program",
        "def f(x):\n    while True: pass",
    ]
    questions = [
        {"id": str(i), "question": str(i), "answer": "", "source": SOURCE, "task": "1"} for i in range(4)
    ]
    ready = benchmark_run("probe_code", questions)
    with Sandbox.open() as box, AnswerCache(tmp_path / "answers.sqlite") as cache:
        bench = Harness(tiny_engine, [ready], cache, EvaluationSettings(), box=box)
        asks = bench._asks(Job(Model("m", dict, "h")), "h")
        cache.put((ask.key, Reply(text, "stop", 1, 1)) for ask, text in zip(asks, programs, strict=True))
        samples = bench.run(Job(Model("m", dict, "h")))["probe_code"]
        kept = cache.verdicts([verdict_key("", SOURCE, "1", program) for program in programs])
    assert [sample["correct"] for sample in samples] == [True, False, False, False]
    # What others read of our logs is the sandbox's verdict, not lm-eval's comparison of texts.
    assert [sample["metrics"] for sample in samples] == [["sandbox_pass"]] * 4
    assert [sample["sandbox_pass"] for sample in samples] == [1.0, 0.0, 0.0, 0.0]
    assert "exact_match" not in samples[0]
    assert kept[verdict_key("", SOURCE, "1", programs[0])].correct
    assert len(kept) >= 3


def test_programs_without_a_sandbox_stop_with_a_message(
    harness: Callable[..., Any], benchmark_run: Callable[..., Any], model: Callable[..., Any]
) -> None:
    questions = [{"id": "0", "question": "x", "answer": "", "source": SOURCE, "task": "1"}]
    with pytest.raises(InfrastructureError, match="no sandbox"):
        harness(benchmark_runs=[benchmark_run("probe_code", questions)]).run(Job(model()))


def test_random_streams_hang_on_identity_and_never_on_the_bits_of_weights(
    harness: Callable[..., Any],
) -> None:
    from evals.answering.harness import Model

    ready = harness()

    def streams(name: str, weights_hash: str, identity: tuple[int | str, ...] = ()) -> list[int]:
        job = Job(Model(name, dict, weights_hash, identity), 0.7, 2)
        return [ask.request.stream for ask in ready._asks(job, weights_hash)]

    assert streams("general", "one hash") == streams("general", "another hash")
    assert streams("general", "h") != streams("code", "h")
    assert streams("g001c00", "h", (0, "g001c00")) != streams("g001c00", "h", (1, "g001c00"))
    assert len(set(streams("general", "h"))) == 20
