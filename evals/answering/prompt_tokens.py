"""Prompts as the engine reads them, looked at before anything is generated: their length, their first tokens, their BOS.

A chat template that writes a beginning-of-sequence token and a tokenizer that adds another is the classic silent fault of evaluations;
one that neither writes is the next. Both are errors here. What was found is kept beside the samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from acdc.errors import InputError

if TYPE_CHECKING:
    from evals.answering.benchmark_run import BenchmarkRun

_FIRST = 16  # tokens that are kept


@dataclass(frozen=True)
class PromptTokens:
    """A benchmark's prompts in tokens.

    Attributes:
        lengths: Tokens of each question's prompt, in order; empty where the engine tells no tokens (an endpoint).
        facts: For the file beside the samples: `benchmark`, `questions`, `longest_prompt`, `context`, `bos` (its id, or None where
            prompts have none), `first_token_ids` of the first question; of a benchmark whose text is withheld only those
            that all its prompts begin with.
    """

    lengths: tuple[int, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    def too_long(self, budget: int) -> list[int]:
        """Questions whose prompt and token budget together exceed the context."""
        context = self.facts.get("context")
        return (
            []
            if context is None
            else [place for place, length in enumerate(self.lengths) if length + budget > context]
        )


def read_prompts(engine: Any, benchmark_run: "BenchmarkRun") -> PromptTokens:
    """Look at every prompt of a benchmark.

    Args:
        engine: An engine; where it has `prompts` (:class:`acdc.engines.prompts.Prompts`) and `context`, they are asked.
        benchmark_run: The benchmark.

    Raises:
        InputError: A prompt has two beginning-of-sequence tokens, or none although its tokenizer or chat template puts one.
    """
    prompts = getattr(engine, "prompts", None)
    facts: dict[str, Any] = {
        "benchmark": benchmark_run.benchmark.name,
        "questions": len(benchmark_run.questions),
    }
    if prompts is None:
        return PromptTokens((), {**facts, "first_token_ids": None})
    tokenizer = prompts.tokenizer
    tokens = [prompts.encode(question.prompt) for question in benchmark_run.questions]
    expected = None
    for question, ids in zip(benchmark_run.questions, tokens, strict=True):
        expected = _one_bos(benchmark_run, question.id, question.prompt, ids, tokenizer)
    facts |= {
        "longest_prompt": max(map(len, tokens)),
        "context": getattr(engine, "context", None),
        "bos": expected,
        "first_token_ids": (shared_start(tokens) if benchmark_run.withheld else tokens[0])[:_FIRST],
    }
    return PromptTokens(tuple(map(len, tokens)), facts)


def shared_start(tokens: Sequence[Sequence[int]]) -> list[int]:
    """What all sequences begin with; of a single one nothing, for it would be the whole."""
    start: list[int] = []
    for ids in zip(*tokens, strict=False) if len(tokens) > 1 else ():
        if len(set(ids)) > 1:
            break
        start.append(ids[0])
    return start


def _one_bos(
    benchmark_run: "BenchmarkRun", question: str, text: str, ids: Sequence[int], tokenizer: Any
) -> int | None:
    """The token that begins the prompt, once; None where neither tokenizer nor template puts one."""
    bos: int | None = tokenizer.bos_token_id
    if bos is None:
        return None
    added = list(tokenizer.encode("a")[:1]) == [bos]
    written = text.startswith(tokenizer.bos_token)
    if not added and not written:
        return None
    count = next((place for place, token in enumerate(ids) if token != bos), len(ids))
    if count != 1:
        raise InputError(
            f"{benchmark_run.benchmark.name}, {question}: the prompt begins with {count} beginning-of-sequence tokens "
            f"({tokenizer.bos_token}, id {bos}) instead of one; the chat template {'writes' if written else 'writes no'} "
            f"{'one' if written else 'such token'} and the tokenizer adds {'one' if added else 'none'}: fix the tokenizer's files"
        )
    return bos
