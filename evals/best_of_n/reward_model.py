"""Reward model: the reply that a classifier with one output rates highest.

Published runs used Skywork-Reward-V2-Llama-3.1-8B; any sequence-classification checkpoint with one label and a chat
template serves. A reward that is not a finite number is a missing verdict: counted, and that reply has lost.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from acdc.errors import InputError
from evals.best_of_n.prompts import shown
from evals.best_of_n.selector import Candidates, Choice, best

Rewards = Callable[[str, Sequence[str]], Sequence[float]]
"""Question and replies to one number each; higher is better."""


def select(candidates: Candidates, rng: np.random.Generator, rewards: Rewards) -> Choice:
    """The highest reward; ties (to 10⁻⁴) are drawn. Where no reward is a number, any reply is drawn."""
    given = [float(value) for value in rewards(candidates.question, candidates.replies)]
    if len(given) != len(candidates.replies):
        raise InputError(f"reward model: {len(given)} rewards for {len(candidates.replies)} replies")
    known = [value for value in given if math.isfinite(value)]
    floor = min(known, default=0.0) - 1.0
    index, drawn = best([value if math.isfinite(value) else floor for value in given], rng)
    return Choice(index, calls=len(given), unparsable=len(given) - len(known), drawn=drawn)


class RewardModel:
    """A checkpoint as :data:`Rewards`; one reply at a time, so that no reward depends on its neighbours' padding.

    Args:
        directory: A Hugging Face sequence-classification checkpoint with a tokenizer that has a chat template.
        max_tokens: Longest conversation; a longer one loses its beginning.

    Raises:
        InputError: It has not one output, or no chat template.
    """

    def __init__(self, directory: Path, max_tokens: int = 4096) -> None:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        self._tokenizer: Any = AutoTokenizer.from_pretrained(directory)
        self._model: Any = AutoModelForSequenceClassification.from_pretrained(directory).eval()
        labels = self._model.config.num_labels
        if labels != 1:
            raise InputError(f"{directory}: a reward model has one output, this has {labels}")
        if not self._tokenizer.chat_template:
            raise InputError(f"{directory}: its tokenizer has no chat template")
        longest = getattr(self._model.config, "max_position_embeddings", None) or max_tokens
        self._most = min(max_tokens, longest)

    def __call__(self, question: str, replies: Sequence[str]) -> list[float]:
        """The reward of each reply to the question."""
        return [self._reward(shown(question), shown(reply)) for reply in replies]

    def _reward(self, question: str, reply: str) -> float:
        import torch

        turns = [{"role": "user", "content": question}, {"role": "assistant", "content": reply}]
        # The template writes the begin token itself where the family has one.
        text = self._tokenizer.apply_chat_template(turns, tokenize=False)
        tokens = self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"][-self._most :]
        with torch.inference_mode():
            return float(self._model(input_ids=torch.tensor([tokens])).logits[0, 0])
