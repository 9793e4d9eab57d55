"""Close calls between tokens are decided in float64, so that every processor chooses the same token."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from acdc.engines.engine import Request, Sampling
from acdc.engines.hf import TransformersEngine
from acdc.engines.sampling import choose
from acdc.engines.settling import GREEDY_BELOW, Settler, bound
from acdc.numbers.margins import Margins
from acdc.tiny.shipped import FOLDER

EMBEDDING = "model.embed_tokens.weight"
OTHER_KERNELS = {
    "generic": {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE", "ONEDNN_MAX_CPU_ISA": "SSE41"},
    "avx2": {"ATEN_CPU_CAPABILITY": "avx2", "MKL_CBWR": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
}
ANSWERS = """
import json, sys
from pathlib import Path
from acdc.engines.engine import Request, Sampling
from acdc.engines.hf import TransformersEngine
from acdc.tiny.questions import measured
engine = TransformersEngine(Path(sys.argv[1]))
phrases = [item.phrase for items in measured(0, 10).values() for item in items]
found = []
for sampling in (Sampling(max_new_tokens=48), Sampling(0.7, max_new_tokens=48), Sampling(1.0, 0.9, 48)):
    requests = [Request(engine.chat(phrase), number) for number, phrase in enumerate(phrases)]
    found += [answer.tokens for answer in engine.generate(requests, sampling)]
print(json.dumps(found))
"""


def answers(environment: dict[str, str]) -> list[list[int]]:
    done = subprocess.run(
        [sys.executable, "-c", ANSWERS, str(FOLDER / "general")],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[list[int]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kernels", OTHER_KERNELS)
def test_other_kernels_give_the_same_tokens_greedy_and_drawn(kernels: str) -> None:
    assert answers(OTHER_KERNELS[kernels]) == answers({})


def twin_rows(directory: Path, step: float) -> TransformersEngine:
    """An engine in whose model token 101 scores as token 100 does, but for a factor 1 + step; both high."""
    engine = TransformersEngine(directory)
    weights = {name: tensor.clone() for name, tensor in engine.model.state_dict().items()}
    table = weights[EMBEDDING] if "lm_head.weight" not in weights else weights["lm_head.weight"]
    hidden = engine.model(
        torch.tensor([engine.prompts.encode(engine.chat("hello"))]), output_hidden_states=True
    )
    direction = hidden.hidden_states[-1][0, -1]
    table[100] = direction
    table[101] = direction * (1 + step)
    weights[EMBEDDING] = weights["lm_head.weight"] = table
    engine.load(weights, "twins")
    return engine


def test_a_tie_goes_to_the_first_token_and_is_counted(
    tmp_path: Path, save_tiny_model: Callable[..., Path]
) -> None:
    engine = twin_rows(save_tiny_model(tmp_path / "model"), 0.0)
    [answer] = engine.generate([Request(engine.chat("hello"))], Sampling(max_new_tokens=1))
    assert answer.tokens == (100,)
    found = engine.margins.found()["greedy token"]
    assert (found.smallest, found.count, found.settled) == (GREEDY_BELOW, 1, 1)  # a tie has no distance


def test_a_difference_below_float32s_rounding_is_seen(
    tmp_path: Path, save_tiny_model: Callable[..., Path]
) -> None:
    engine = twin_rows(save_tiny_model(tmp_path / "model"), 2e-7)
    [answer] = engine.generate([Request(engine.chat("hello"))], Sampling(max_new_tokens=1))
    assert answer.tokens == (101,)
    assert 0.0 < engine.margins.found()["greedy token"].smallest < GREEDY_BELOW


def test_the_float64_copy_computes_nothing_in_float32(
    tmp_path: Path, save_tiny_model: Callable[..., Path]
) -> None:
    engine = TransformersEngine(save_tiny_model(tmp_path / "model", architecture="qwen3"))
    settler = Settler(engine.model, Margins())
    tokens = engine.prompts.encode(engine.chat("how many letters has this text?"))
    exact = settler._logits(tokens)
    # Moved by one position of padding, the same text has other float32 roundings and the same float64 logits to 1e-12.
    again = settler._logits(tokens)
    single = engine.model(torch.tensor([tokens])).logits[:, -1]
    assert exact.dtype == torch.float64
    assert torch.equal(exact, again)
    assert 1e-9 < float((exact - single).abs().max()) < 1e-4
    rotary = settler._copy.model.rotary_emb.inv_freq
    head = rotary.numel() * 2
    theta = engine.model.config.rope_parameters["rope_theta"]
    expected = theta ** -(np.arange(0, head, 2) / head)
    np.testing.assert_allclose(rotary.numpy(), expected, rtol=1e-15)


def test_other_weights_reach_the_float64_copy(tmp_path: Path, save_tiny_model: Callable[..., Path]) -> None:
    engine = TransformersEngine(save_tiny_model(tmp_path / "model"))
    settler = Settler(engine.model, Margins())
    before = settler._logits([5, 6, 7])
    with torch.no_grad():
        engine.model.model.norm.weight.mul_(2.0)
    settler.weights_changed()
    torch.testing.assert_close(settler._logits([5, 6, 7]), 2 * before)


def test_margins_of_draws_are_distances_to_the_border_of_the_interval() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.2]], dtype=torch.float64))
    streams = np.arange(2000, dtype=np.uint64)
    sampling = Sampling(temperature=1.0)
    chosen = choose(logits.expand(2000, -1), sampling, streams, 0)
    from acdc.engines.sampling import uniforms

    draws = uniforms(streams, 0)
    expected = np.minimum(np.abs(draws - 0.5), np.abs(draws - 0.8))
    np.testing.assert_allclose(chosen.margins.numpy(), expected, atol=1e-12)
    assert int((chosen.margins < 10 * bound(sampling)).sum()) in range(1, 20)


def test_a_nucleus_with_its_border_on_a_token_is_a_close_call() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.2]], dtype=torch.float64))
    chosen = choose(logits, Sampling(1.0, top_p=0.8), np.array([3], dtype=np.uint64), 0)
    assert float(chosen.margins[0]) < 1e-12


def test_a_tie_across_the_border_of_the_nucleus_is_a_close_call() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.2, 0.1, 0.1, 0.1]], dtype=torch.float64))
    streams = np.arange(200, dtype=np.uint64)
    chosen = choose(logits.expand(200, -1), Sampling(1.0, top_p=0.75), streams, 0)
    last_inside = chosen.tokens == 2
    assert int(last_inside.sum()) > 0
    assert float(chosen.margins[last_inside].max()) < 1e-12


def test_the_bound_of_draws_grows_as_the_temperature_falls() -> None:
    assert bound(Sampling(temperature=0.7)) == 1e-4
    assert bound(Sampling(temperature=0.01)) == pytest.approx(2.5e-3)
