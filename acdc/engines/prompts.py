"""Texts into token ids and back, and the family's chat template."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import transformers

from acdc.errors import InputError


class Prompts:
    """A tokenizer with a chat template.

    Args:
        directory: A Hugging Face tokenizer directory.
        chat_template_args: Extra arguments of the chat template (`enable_thinking: false` for qwen3).
        stop_tokens: Tokens that end an answer, besides those that the model's files name.

    Raises:
        InputError: The directory holds no tokenizer, or a stop token is none of its tokens.
    """

    def __init__(
        self, directory: Path, chat_template_args: Mapping[str, object], stop_tokens: Sequence[str] = ()
    ) -> None:
        try:
            self.tokenizer: Any = transformers.AutoTokenizer.from_pretrained(directory, local_files_only=True)
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"{directory} holds no tokenizer that transformers can load: {error}") from error
        self._template_args = dict(chat_template_args)
        self._stop_ids = _ids(self.tokenizer, stop_tokens, directory)
        self._bos = _added_bos(self.tokenizer)
        ids = (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id, 0)
        self.pad = int(next(token for token in ids if token is not None))

    def end_tokens(self, model: Any) -> set[int]:
        """Every token id that ends an answer, by generation configuration, model configuration, tokenizer or settings."""
        return self.ends(model.generation_config, model.config)

    def ends(self, generation: Any, config: Any) -> set[int]:
        """As :meth:`end_tokens`, from the two configurations."""
        found = set(self._stop_ids)
        for source in (generation, config.get_text_config(), self.tokenizer):
            ids = getattr(source, "eos_token_id", None)
            found.update([] if ids is None else [ids] if isinstance(ids, int) else ids)
        return found

    def end_tokens_of(self, model_dir: Path) -> set[int]:
        """As :meth:`end_tokens`, without opening the model."""
        config = transformers.AutoConfig.from_pretrained(model_dir, local_files_only=True)
        try:
            generation = transformers.GenerationConfig.from_pretrained(model_dir, local_files_only=True)
        except OSError:  # there is none: what a model then has is made of its configuration
            generation = transformers.GenerationConfig.from_model_config(config)
        return self.ends(generation, config)

    def encode(self, text: str) -> list[int]:
        """Token ids of a prompt, at least one.

        Where the tokenizer adds a beginning-of-sequence token there is exactly one, whether or not a chat template has
        written it already. An empty text is that token, else the end token.
        """
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False, verbose=False)
        if self._bos is not None:
            while ids[:1] == [self._bos]:
                ids = ids[1:]
            ids = [self._bos, *ids]
        return ids or [self.tokenizer.eos_token_id if self.tokenizer.eos_token_id is not None else self.pad]

    def split(self, context: str, continuation: str) -> tuple[list[int], list[int]]:
        """Token ids of a context, at least one, and of its continuation; spaces at the border go to the continuation."""
        if not continuation:
            return self.encode(context), []
        stripped = context.rstrip()
        start = self.encode(stripped)
        if not stripped and self._bos is None:  # the start is a token that stands in for nothing
            return start, self.encode(context + continuation)
        return start, self.encode(context + continuation)[len(start) :]

    def cut(self, tokens: Sequence[int], stop: tuple[str, ...]) -> tuple[list[int], str]:
        """The tokens up to the one that completed a stop text, and their text before the first of them.

        Args:
            tokens: Of an answer whose text holds one of them.
            stop: Stop texts.
        """
        for count in range(1, len(tokens) + 1):
            text = self.decode(tokens[:count])
            if any(mark in text for mark in stop):
                return list(tokens[:count]), text[: min(text.find(mark) for mark in stop if mark in text)]
        return list(tokens), self.decode(tokens)

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of token ids, special tokens left out, no space added or removed."""
        text: str = self.tokenizer.decode(
            tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text

    def chat(self, user: str, system: str = "") -> str:
        """One user turn in the chat template, ready for the reply.

        Raises:
            InputError: The tokenizer has no chat template.
        """
        if not self.tokenizer.chat_template:
            raise InputError(
                "The tokenizer has no chat template; take the tokenizer of an instruction-tuned seed."
            )
        turns = [{"role": "user", "content": user}]
        if not system:
            return self._render(turns)
        from jinja2 import TemplateError

        try:
            return self._render([{"role": "system", "content": system}, *turns])
        except TemplateError:  # some templates refuse the system role by raising
            return self._render([{"role": "user", "content": f"{system}\n\n{user}"}])

    def _render(self, turns: list[dict[str, str]]) -> str:
        text: str = self.tokenizer.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=True, **self._template_args
        )
        return text


def check_lengths(lengths: Iterable[int], budget: int, context: int | None) -> None:
    """Refuse prompts that do not fit.

    Args:
        lengths: Tokens of each prompt.
        budget: New tokens of each.
        context: Longest prompt and answer together; None: no bound.

    Raises:
        InputError: Names the first such prompt, and the lengths.
    """
    for index, length in enumerate(lengths):
        if context is not None and length + budget > context:
            raise InputError(
                f"Prompt {index} has {length} tokens; with a budget of {budget} new tokens that is "
                f"{length + budget}, and the model's context holds {context}. Shorten the prompt or the budget."
            )


def _ids(tokenizer: Any, tokens: Sequence[str], directory: Path) -> set[int]:
    """The ids of tokens given as texts."""
    vocabulary: Mapping[str, int] = tokenizer.get_vocab() if tokens else {}
    for token in tokens:
        if token not in vocabulary:
            raise InputError(
                f"stop_tokens: {token!r} is not a token of {directory}; correct the family's entry."
            )
    return {vocabulary[token] for token in tokens}


def _added_bos(tokenizer: Any) -> int | None:
    """The beginning-of-sequence token id if the tokenizer puts it before every text, else None."""
    bos: int | None = tokenizer.bos_token_id
    return bos if bos is not None and tokenizer.encode("a")[:1] == [bos] else None
