"""A numerical failure is never an answer: NaN, infinity and overflow are errors that name what failed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from acdc.engines.engine import Request, Sampling
from acdc.engines.hf import TransformersEngine
from acdc.engines.swap import WeightSlots
from acdc.errors import NumericalError

UP, DOWN = "model.layers.0.mlp.up_proj.weight", "model.layers.0.mlp.down_proj.weight"


def weights_of(engine: TransformersEngine) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in engine.model.state_dict().items()}


@pytest.fixture
def overflowing(tmp_path: Path, save_tiny_model: Callable[..., Path]) -> TransformersEngine:
    """A float16 engine whose weights are all below 65504 and whose first layer computes more than that."""
    engine = TransformersEngine(save_tiny_model(tmp_path / "model"), dtype="float16")
    weights = weights_of(engine)
    weights[DOWN] = torch.sign(weights[DOWN].float()) * 3e4
    weights[UP] = weights[UP].float() * 400
    engine.load(weights, "overflowing")
    return engine


@pytest.mark.parametrize("sampling", [Sampling(max_new_tokens=4), Sampling(1.0, 0.9, 4)])
def test_an_answer_from_nan_logits_is_an_error_that_names_dtype_and_token(
    overflowing: TransformersEngine, sampling: Sampling
) -> None:
    with pytest.raises(
        NumericalError, match=r"NaN or infinite logits in float16 at token 1 of the answer to a prompt of \d+"
    ):
        overflowing.generate([Request(overflowing.chat("hello"), 1)], sampling)


def test_a_likelihood_from_nan_logits_is_an_error(overflowing: TransformersEngine) -> None:
    with pytest.raises(NumericalError, match="in float16 at the end of a text of"):
        overflowing.loglikelihood([("abc", " d")])


def test_weights_that_the_dtype_makes_infinite_are_refused_by_name(
    tmp_path: Path, save_tiny_model: Callable[..., Path]
) -> None:
    engine = TransformersEngine(save_tiny_model(tmp_path / "model"), dtype="float16")
    weights = {name: tensor.float() for name, tensor in weights_of(engine).items()}
    weights[UP][0, 0] = 1e6
    with pytest.raises(NumericalError, match=rf"'{UP}' is too large for float16 \(it is stored in float32"):
        engine.load(weights, "large")
    assert engine.weights_hash is None


def test_a_directory_whose_weights_overflow_is_refused(
    tmp_path: Path, save_tiny_model: Callable[..., Path]
) -> None:
    from safetensors.torch import load_file, save_file

    directory = save_tiny_model(tmp_path / "model")
    weights = load_file(directory / "model.safetensors")
    weights[UP][0, 0] = 1e6
    save_file(weights, directory / "model.safetensors", {"format": "pt"})
    with pytest.raises(NumericalError, match=rf"{UP}' holds NaN or infinite values in float16"):
        TransformersEngine(directory, dtype="float16")


def test_a_token_that_a_model_rules_out_is_no_failure(
    tmp_path: Path, save_tiny_model: Callable[..., Path]
) -> None:
    engine = TransformersEngine(save_tiny_model(tmp_path / "model"))
    forward = engine.model.forward

    def without_token_zero(*args: Any, **kwargs: Any) -> Any:
        out = forward(*args, **kwargs)
        out.logits[..., 0] = -torch.inf
        return out

    without_token_zero.__signature__ = __import__("inspect").signature(forward)  # type: ignore[attr-defined]
    engine.model.forward = without_token_zero
    [answer] = engine.generate([Request(engine.chat("hello"))], Sampling(max_new_tokens=3))
    assert 0 not in answer.tokens


def test_a_sound_tensor_stays_sound_in_a_wider_dtype() -> None:
    module = torch.nn.Linear(2, 2).to(torch.bfloat16)
    WeightSlots(module).fill({"weight": torch.ones(2, 2) * 3e38, "bias": torch.zeros(2)})
    assert torch.isfinite(module.weight).all()
