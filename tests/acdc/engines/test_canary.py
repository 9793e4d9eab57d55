"""The canary's own reference says what the model says, for models that keep what no checkpoint holds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from acdc.engines.canary import Reference, canary_prompt
from acdc.weights.checkpoint import load_weights


@pytest.mark.parametrize("architecture", ["llama", "qwen3"])
@pytest.mark.parametrize("tied", [True, False])
def test_a_forward_pass_over_given_tensors_is_the_models(
    architecture: str, tied: bool, tmp_path: Path, save_tiny_model: Callable[..., Path]
) -> None:
    import transformers

    directory = save_tiny_model(tmp_path / "model", 3, architecture, tie_word_embeddings=tied)
    other = save_tiny_model(tmp_path / "other", 4, architecture, tie_word_embeddings=tied)
    reference, prompt = Reference(directory), canary_prompt(261, 40)
    for place in (directory, other):
        weights = load_weights(place)
        assert reference.knows(weights)
        model: Any = transformers.AutoModelForCausalLM.from_pretrained(place)
        with torch.inference_mode():
            meant = model(input_ids=torch.tensor([prompt])).logits[0, -1].log_softmax(-1)
        assert torch.equal(reference.logprobs(weights, prompt), meant)


def test_a_checkpoint_whose_names_are_changed_as_it_loads_is_not_known(
    tmp_path: Path, save_tiny_model: Callable[..., Path]
) -> None:
    directory = save_tiny_model(tmp_path / "neox", 3, "gpt_neox", tie_word_embeddings=False)
    assert not Reference(directory).knows(load_weights(directory))


def test_the_prompt_is_always_the_same_and_of_tokens_that_there_are() -> None:
    assert canary_prompt(100, 40) == canary_prompt(100, 40)
    assert len(canary_prompt(100, 40)) == 40
    assert max(canary_prompt(7, 200)) == 6
