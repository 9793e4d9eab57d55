"""Choosing by a reward model: scripted rewards, and a small real classifier."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from acdc.errors import InputError
from evals.best_of_n.reward_model import RewardModel, select
from evals.best_of_n.selector import Candidates

THREE = Candidates("Which?", ("a", "bb", "ccc"), ("a", "bb", "ccc"))
NAN = float("nan")


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_highest_reward_wins() -> None:
    choice = select(THREE, rng(), lambda _, replies: [-3.0, -1.0, -2.0])
    assert (choice.index, choice.calls, choice.unparsable, choice.drawn) == (1, 3, 0, False)


def test_a_reward_that_is_no_number_is_missing_and_loses() -> None:
    choice = select(THREE, rng(), lambda _, replies: [NAN, -9.0, float("inf")])
    assert (choice.index, choice.unparsable, choice.drawn) == (1, 2, False)
    nothing = {select(THREE, rng(seed), lambda _, replies: [NAN] * 3).index for seed in range(30)}
    assert nothing == {0, 1, 2}


def test_too_few_rewards_are_refused() -> None:
    with pytest.raises(InputError, match="1 rewards for 3"):
        select(THREE, rng(), lambda _, replies: [1.0])


def classifier(directory: Path, save_tokenizer: Callable[[Path], None], labels: int) -> Path:
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=261,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=128,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=1,
        num_labels=labels,
    )
    transformers.LlamaForSequenceClassification(config).save_pretrained(directory)
    save_tokenizer(directory)
    return directory


def test_a_checkpoint_rates_each_reply_by_itself(
    tmp_path: Path, save_tokenizer: Callable[[Path], None]
) -> None:
    rewards = RewardModel(classifier(tmp_path / "reward", save_tokenizer, 1))
    given = rewards("Which?", ["a", "bb", "x" * 1000, "a"])
    assert given[0] == given[3] != given[1]
    assert np.isfinite(given).all()
    assert given[:1] == rewards("Which?", ["a"])
    assert select(THREE, rng(), rewards).index == int(np.argmax(rewards("Which?", THREE.replies)))


def test_a_classifier_of_several_classes_is_no_reward_model(
    tmp_path: Path, save_tokenizer: Callable[[Path], None]
) -> None:
    with pytest.raises(InputError, match="one output, this has 3"):
        RewardModel(classifier(tmp_path / "classes", save_tokenizer, 3))
