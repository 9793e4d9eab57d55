"""lm-eval's benchmarks through the very vLLM engine that evolution holds, unchanged; and through an endpoint that fails."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from evals.answering.harness import Job, Model
from tests.acdc.engines.conformance.conftest import (
    family,  # noqa: F401 - a fixture that another one needs
    individuals,  # noqa: F401
    need_vllm,
    open_api,
    open_reference,
    open_vllm,
    serve_model,
    trained,  # noqa: F401
)


@pytest.fixture
def asked(individuals: dict[str, Any], trained: Path, benchmark_run: Callable[..., Any], harness: Any) -> Any:  # noqa: F811
    """Samples of an individual, by whatever engine."""
    from evals.answering.benchmark_run import BenchmarkRun
    from tests.evals.conftest import benchmark, rows

    def ask(engine: Any, name: str, cache: str, **settings: Any) -> list[dict[str, Any]]:
        benchmark_runs = [BenchmarkRun(benchmark("probe_exact", rows(10)), engine.chat, "trained", 12)]
        if engine.capabilities.swaps == "never":
            model = Model(name, dict, engine.weights_hash)
        else:
            model = Model(name, lambda: individuals[name], name)
        found = harness(cache, engine, benchmark_runs, **settings).run(Job(model))["probe_exact"]
        return list(found)

    return ask


def test_a_held_vllm_engine_serves_lm_eval_for_one_individual_after_another(
    trained: Path,  # noqa: F811
    asked: Any,
) -> None:
    need_vllm()
    held, reference = open_vllm(trained), open_reference(trained)
    for name in ("strings", "lists", "strings"):
        mine, theirs = asked(held, name, "held.sqlite"), asked(reference, name, "reference.sqlite")
        for field in ("resps", "correct", "finish", "tokens", "prompt_tokens", "question_hash"):
            assert [sample[field] for sample in mine] == [sample[field] for sample in theirs]
        # vLLM gives log-probabilities of tokens, and not those of the whole vocabulary that self-certainty needs.
        assert [sample["mean_logprob"] for sample in mine] == pytest.approx(
            [sample["mean_logprob"] for sample in theirs], abs=1e-3
        )
        assert {sample["self_certainty"] for sample in mine} == {None}
        assert all(sample["self_certainty"] > 0 for sample in theirs)
    held.close()


def test_an_endpoint_that_dies_in_the_middle_leaves_missing_answers_that_the_next_try_fills(
    trained: Path,  # noqa: F811
    asked: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tests.acdc.chat.chat_server import KEY, Answer

    monkeypatch.setenv("ACDC_TEST_KEY", KEY)
    with ExitStack() as stack:
        server = serve_model(trained, stack)

        def api(**settings: Any) -> Any:
            made = open_api(server, **settings)
            stack.callback(made.close)
            return made

        whole = asked(api(), "general", "whole.sqlite")
        answer, before = server.answer, len(server.asked)
        server.answer = lambda body, number: (
            answer(body, number) if number < before + 4 else Answer(status=503, error={"message": "down"})
        )
        broken = asked(api(concurrency=1), "general", "resumed.sqlite", batch=3, retries=0)
        assert [sample["finish"] is None for sample in broken] == [False] * 3 + [True] * 7
        server.answer = answer
        asked_again = len(server.asked)
        resumed = asked(api(), "general", "resumed.sqlite", batch=3)
        assert len(server.asked) - asked_again == 7
    assert [sample["resps"] for sample in resumed] == [sample["resps"] for sample in whole]
    assert {(sample["mean_logprob"], sample["self_certainty"]) for sample in whole} == {(None, None)}
