"""What is vLLM's alone: both traps of a swap, processes of its own, restarts, deaths, memory."""

import gc
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from acdc.engines.engine import Request, Sampling
from acdc.errors import InfrastructureError, InputError
from tests.acdc.engines.conformance.conftest import need_vllm, open_vllm

GREEDY = Sampling(max_new_tokens=16)


@pytest.fixture(scope="module", autouse=True)
def vllm_is_here() -> None:
    need_vllm()


@pytest.fixture(scope="module")
def vllm(trained: Path) -> Iterator[Any]:
    engine = open_vllm(trained)
    yield engine
    engine.close()


def answers(engine: Any, questions: list[str]) -> list[tuple[int, ...]]:
    return [a.tokens for a in engine.generate([Request(engine.chat(text)) for text in questions], GREEDY)]


def leave_out(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on swaps lack a step: "renew" or "reset"."""
    from acdc.engines.vllm_adapter import Adapter

    whole: Callable[..., None] = Adapter.swap

    def swap(self: Any, weights: Mapping[str, Any]) -> None:
        whole(self, weights, **{step: False})

    monkeypatch.setattr(Adapter, "swap", swap)


def test_a_swap_without_renewing_the_tied_head_is_really_wrong_and_the_canary_sees_it(
    vllm: Any, individuals: dict[str, Any], monkeypatch: pytest.MonkeyPatch, questions: list[str]
) -> None:
    vllm.load(individuals["general"], "general")
    adapter = vllm._adapter
    vllm.load(individuals["strings"], "strings")
    right = answers(vllm, questions)
    adapter.swap(individuals["general"])
    adapter.swap(individuals["strings"], renew=False)
    assert answers(vllm, questions) != right  # vLLM itself says nothing
    adapter.swap(individuals["general"])
    leave_out("renew", monkeypatch)
    with pytest.raises(InfrastructureError, match=r"does not answer with the new weights.*head"):
        vllm.load(individuals["strings"], "strings")
    assert vllm.weights_hash is None
    with pytest.raises(InfrastructureError, match="stopped after its last error"):
        answers(vllm, questions)


def test_the_forward_pass_alone_sees_the_stale_head(
    vllm: Any, individuals: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    vllm.load(individuals["general"], "general")
    monkeypatch.setattr(vllm.canary, "_plain", False)  # as for an architecture whose head is not known
    leave_out("renew", monkeypatch)
    with pytest.raises(InfrastructureError, match=r"a log-probability is \S+ nats off"):
        vllm.load(individuals["strings"], "strings")


def test_a_swap_without_emptying_the_prefix_cache_is_really_wrong_and_the_canary_sees_it(
    vllm: Any, individuals: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    long = [
        f"{index} of the words stands first when sorted: pear, apple, fig, plum, kiwi?" for index in range(30)
    ]
    vllm.load(individuals["strings"], "strings")
    right = answers(vllm, long)
    vllm.load(individuals["general"], "general")
    answers(vllm, long)  # under the old weights: they are in the cache now
    vllm._adapter.swap(individuals["strings"], reset=False)
    assert answers(vllm, long) != right
    vllm.load(individuals["general"], "general")
    leave_out("reset", monkeypatch)
    with pytest.raises(InfrastructureError, match="came out of the prefix cache"):
        vllm.load(individuals["strings"], "strings")


def test_after_a_swap_that_failed_the_next_one_starts_a_new_engine(
    vllm: Any, individuals: dict[str, Any], reference: Any, questions: list[str]
) -> None:
    with pytest.raises(InfrastructureError, match="stopped after its last error"):
        answers(vllm, questions)
    vllm.load(individuals["lists"], "lists")
    reference.load(individuals["lists"], "lists")
    assert answers(vllm, questions) == answers(reference, questions)


def test_the_canary_says_how_far_off_answers_were_and_the_old_ones_would_have_been(
    vllm: Any, individuals: dict[str, Any]
) -> None:
    vllm.load(individuals["general"], "general")
    vllm.load(individuals["strings"], "strings")
    seen = vllm.canary.seen
    assert seen.difference < 1e-4
    assert seen.before > 2e-3
    assert seen.parameters >= 5  # the norms: on a CPU everything else is repacked


def test_a_canary_that_only_probes_sees_both_traps(
    trained: Path, individuals: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_vllm(trained, canary="probe")
    engine.load(individuals["general"], "general")
    assert engine.canary.seen.difference is None
    for step, said in (("renew", "head"), ("reset", "cache")):
        with monkeypatch.context() as patch:
            leave_out(step, patch)
            with pytest.raises(InfrastructureError, match=said):
                engine.load(individuals["strings"], "strings")
        engine.load(individuals["general"], "general")
    engine.close()


def test_a_version_whose_swap_is_not_known_is_started_anew_and_says_so(
    trained: Path,
    individuals: dict[str, Any],
    reference: Any,
    questions: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from acdc.engines import vllm_adapter

    known = open_vllm(trained)
    assert "swaps in place" in known.version
    known.close()
    monkeypatch.setattr(vllm_adapter, "SWAPS_IN_PLACE", ("0.31.",))
    engine = open_vllm(trained)
    assert engine.capabilities.swaps == "restart"
    assert "swaps restart" in engine.version
    for name in ("lists", "strings"):
        engine.load(individuals[name], name)
        reference.load(individuals[name], name)
        assert answers(engine, questions) == answers(reference, questions)
    engine.close()


def test_an_engine_in_processes_of_its_own_takes_weights_and_its_death_loses_nothing(
    trained: Path, individuals: dict[str, Any], reference: Any, questions: list[str]
) -> None:
    engine = open_vllm(trained, process="own")
    for name in ("strings", "lists"):
        engine.load(individuals[name], name)
        reference.load(individuals[name], name)
        assert answers(engine, questions) == answers(reference, questions)
    for process in core_processes(engine):
        os.kill(process, signal.SIGKILL)
    with pytest.raises(
        InfrastructureError, match=r"vLLM died while it was answering.*the same command goes on"
    ):
        answers(engine, questions)
    assert engine.weights_hash is None
    engine.load(individuals["lists"], "lists")
    assert answers(engine, questions) == answers(reference, questions)
    engine.close()
    gc.collect()  # whatever was left open warns here, and a warning is an error


def core_processes(engine: Any) -> list[int]:
    resources = engine._adapter._llm.llm_engine.engine_core.resources
    return [process.pid for process in resources.engine_manager.processes]


def test_two_engines_live_side_by_side(
    trained: Path, individuals: dict[str, Any], questions: list[str]
) -> None:
    vllm = open_vllm(trained)
    vllm.load(individuals["general"], "general")
    before = answers(vllm, questions)
    other = open_vllm(trained)
    other.load(individuals["strings"], "strings")
    assert answers(vllm, questions) == before
    assert answers(other, questions) != before
    other.close()
    assert answers(vllm, questions) == before
    vllm.load(individuals["strings"], "strings")
    vllm.close()


def test_bfloat16_swaps_are_proved_too(
    trained: Path, individuals: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from acdc.engines import VllmSettings, open_engine

    half = {
        name: {k: v.to(torch.bfloat16) for k, v in weights.items()} for name, weights in individuals.items()
    }
    engine: Any = open_engine(VllmSettings(cache_gib=0.25), trained, dtype="bfloat16")
    for name in ("general", "strings", "lists"):
        engine.load(half[name], name)
        assert engine.canary.seen.difference < 0.1
    leave_out("renew", monkeypatch)
    with pytest.raises(InfrastructureError, match="does not answer with the new weights"):
        engine.load(half["general"], "general")
    engine.close()


def test_memory_that_does_not_suffice_is_said_before_anything_starts(trained: Path) -> None:
    with pytest.raises(
        InputError, match=r"does not fit: weights .* cache .* staging .*engine\.cache_gib to at most"
    ):
        open_vllm(trained, cache_gib=10_000)
    with pytest.raises(InputError, match=r"engine\.cache_gib to \S+ or more"):
        open_vllm(trained, cache_gib=1e-5)


def test_the_batch_invariant_mode_is_refused_where_vllm_has_none(trained: Path) -> None:
    with pytest.raises(InputError, match="on GPUs only"):
        open_vllm(trained, batch_invariant=True)


def test_heads_that_vllm_cannot_compute_are_said_at_once(
    trained: Path, tmp_path: Path, save_tiny_model: Callable[..., Path]
) -> None:
    with pytest.raises(InputError, match=r"heads of 32, 64, .* are 8 wide"):
        open_vllm(save_tiny_model(tmp_path / "narrow"))
    with pytest.raises(InputError, match="2 attention heads can't be shared out evenly to 3 devices"):
        open_vllm(trained, tensor_parallel=3)
