"""The `transformers` engine: the reference, for any architecture that AutoModelForCausalLM loads, on a CPU.

Guarantees: an answer has equal bits alone, in any company and in any order (fixed-shape buckets, `buckets.py`); a draw
comes from its row's own stream (`sampling.py`); weights are copied into the living parameters, so a swap costs
milliseconds and tied weights stay tied; a prompt carries exactly one beginning-of-sequence token where the tokenizer adds one.

Guaranteed in float32 up to a thousand million parameters: the same tokens on every processor (`settling.py`). Log-probabilities may
differ in their last digits.

Not guaranteed: equal answers between versions of torch, numbers of threads, or settings of rows and widths, all of which are in `version`;
equal answers on other processors in other dtypes.
"""

import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import transformers
from torch import Tensor

from acdc.engines.buckets import Batch, batches
from acdc.engines.decoding import Decoded, score
from acdc.engines.engine import Answer, Capabilities, Request, Sampling
from acdc.engines.lanes import decode
from acdc.engines.prompts import Prompts, check_lengths
from acdc.engines.settings import EngineSettings
from acdc.engines.settling import bound, kind, settler_of
from acdc.engines.swap import WeightSlots
from acdc.errors import InputError, NumericalError
from acdc.numbers.margins import Margins
from acdc.weights.tensors import is_finite

_DEFAULTS = EngineSettings()
_SIDE_BY_SIDE = 8  # batches whose key-value caches are in memory at once


class TransformersEngine:
    """A causal language model behind :class:`acdc.engines.engine.Engine`.

    Attributes:
        capabilities: What it promises.
        margins: How close its decisions between tokens were.

    Args:
        model_dir: A Hugging Face model directory: architecture, and weights until the first `load`.
        tokenizer_dir: Where tokenizer and chat template are; None: `model_dir`.
        dtype: "float32", "bfloat16" or "float16".
        rows: Rows of every batch.
        widths: Ascending prompt widths in tokens.
        threads: CPU threads of torch in this process.
        chat_template_args: Extra arguments of the chat template.
        stop_tokens: Tokens that end an answer, besides those that the directories' files name.

    Raises:
        InputError: The directory holds no model or no tokenizer that transformers can load, or a stop token is no token.
    """

    capabilities = Capabilities(same_bits_in_any_company=True, certainties=True)

    def __init__(
        self,
        model_dir: Path,
        *,
        tokenizer_dir: Path | None = None,
        dtype: str = "float32",
        rows: int = _DEFAULTS.rows,
        widths: Sequence[int] = _DEFAULTS.widths,
        threads: int = _DEFAULTS.threads,
        chat_template_args: Mapping[str, object] | None = None,
        stop_tokens: Sequence[str] = (),
    ) -> None:
        torch.set_num_threads(threads)
        self.model: Any = _open_model(model_dir, dtype)
        self.prompts = Prompts(tokenizer_dir or model_dir, chat_template_args or {}, stop_tokens)
        self.weights_hash: str | None = None
        self.margins = Margins()
        self._settler = settler_of(self.model, dtype, self.margins)
        self.version = (
            f"transformers {transformers.__version__}, torch {torch.__version__}, {dtype}, rows {rows}, "
            f"widths {'-'.join(map(str, widths))}, threads {threads}{', settled' if self._settler else ''}"
        )
        self._rows, self._widths = rows, tuple(widths)
        self._slots = WeightSlots(self.model)
        self._end_tokens = torch.tensor(sorted(self.prompts.end_tokens(self.model)), dtype=torch.long)

    @property
    def context(self) -> int | None:
        """Longest prompt and answer together, in tokens; None where the architecture has no bound."""
        bound = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        return int(bound) if bound else None

    def load(self, weights: Mapping[str, Tensor], weights_hash: str) -> None:
        """Copy other weights into the model.

        Args:
            weights: A state dict; one name of a tied pair is enough.
            weights_hash: Its `acdc.weights.tensors.weights_hash`.

        Raises:
            InputError: A name is missing or unknown, a shape differs, a value is NaN or infinite, or a tied pair differs.
        """
        self._slots.fill(weights)
        self.weights_hash = weights_hash
        if self._settler is not None:
            self._settler.weights_changed()

    def chat(self, user: str, system: str = "") -> str:
        """The prompt text of one user turn, with the generation prompt.

        Args:
            user: The user's message.
            system: A system message; joined to the user's where the chat template knows no system role.

        Raises:
            InputError: The tokenizer has no chat template.
        """
        return self.prompts.chat(user, system)

    def generate(
        self,
        requests: Sequence[Request],
        sampling: Sampling,
        progress: Callable[[int], None] | None = None,
    ) -> list[Answer]:
        """Answers in the order of the requests; see :meth:`acdc.engines.engine.Engine.generate`."""
        prompts = [self.prompts.encode(request.prompt) for request in requests]
        check_lengths(map(len, prompts), sampling.max_new_tokens, self.context)
        answers: dict[int, Answer] = {}
        streams = [request.stream for request in requests]
        stopped = self._stopped(sampling.stop) if sampling.stop else None
        settle = self._settler.settle if self._settler else None
        packed = batches(prompts, streams, rows=self._rows, widths=self._widths, pad=self.prompts.pad)
        for _, of_width in itertools.groupby(packed, key=lambda batch: batch.tokens.shape[1]):
            for group in _in_groups(list(of_width)):
                results = decode(self.model, group, sampling, self._end_tokens, stopped, settle)
                for batch, decoded in zip(group, results, strict=True):
                    for row, index in enumerate(batch.members):
                        answers[index] = self._answer(decoded, row, len(prompts[index]), sampling)
                if progress is not None:
                    progress(sum(batch.used for batch in group))
        written = sum(len(answer.tokens) for answer in answers.values())
        least = (
            bound(sampling) if self._settler else 0.0
        )  # without float64, how close the closest call was is not known
        self.margins.note(kind(sampling), least, count=written)
        return [answers[index] for index in range(len(requests))]

    def loglikelihood(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, bool]]:
        """Natural logarithm of P(continuation | context), and whether greedy decoding would write the continuation.

        Args:
            pairs: Context and continuation; the continuation's tokens are those that it adds to the context's. An
                empty continuation gives (0.0, True).

        Raises:
            InputError: A pair does not fit into the model's context.
        """
        split = [self.prompts.split(context, continuation) for context, continuation in pairs]
        check_lengths((len(context) + len(target) for context, target in split), 0, self.context)
        results = [(0.0, True)] * len(pairs)
        asked = [index for index, (_, target) in enumerate(split) if target]
        inputs = [[*split[index][0], *split[index][1][:-1]] for index in asked]
        # how many positions get logits is part of the shape, so it follows from the target's own length
        keeps = [1 << (len(split[index][1]) - 1).bit_length() for index in asked]
        shapes = {"rows": self._rows, "pad": self.prompts.pad}
        for batch in batches(inputs, [0] * len(asked), widths=self._widths, groups=keeps, **shapes):
            targets = np.full(
                (self._rows, min(keeps[batch.members[0]], batch.tokens.shape[1])), -1, dtype=np.int64
            )
            for row, member in enumerate(batch.members):
                target = split[asked[member]][1]
                targets[row, -len(target) :] = target
            sums, greedy = score(self.model, batch, targets)
            for row, member in enumerate(batch.members):
                results[asked[member]] = (float(sums[row]), bool(greedy[row]))
        return results

    def close(self) -> None:
        """Free the model."""
        del self.model, self._slots, self._settler

    def _answer(self, decoded: Decoded, row: int, prompt_tokens: int, sampling: Sampling) -> Answer:
        end, stop = int(decoded.ends[row]), sampling.stop
        tokens: list[int] = decoded.tokens[row, : end if end >= 0 else None].tolist()
        text = self.prompts.decode(tokens)
        finished = end >= 0
        if any(mark in text for mark in stop):
            finished = True
            tokens, text = self.prompts.cut(tokens, stop)
        logprobs = decoded.logprobs[row, : len(tokens)].tolist() if sampling.logprobs else []
        certainties = [] if decoded.certainties is None else decoded.certainties[row, : len(tokens)].tolist()
        return Answer(
            text,
            tuple(tokens),
            "stop" if finished else "length",
            prompt_tokens,
            tuple(logprobs),
            tuple(certainties),
        )

    def _stopped(
        self, stop: tuple[str, ...]
    ) -> Callable[[npt.NDArray[np.int64], npt.NDArray[np.bool_]], npt.NDArray[np.bool_]]:
        def stopped(tokens: npt.NDArray[np.int64], writing: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
            found = np.zeros(len(tokens), dtype=np.bool_)
            for row in np.flatnonzero(writing):
                text = self.prompts.decode(tokens[row].tolist())
                found[row] = any(mark in text for mark in stop)
            return found

        return stopped


def _in_groups(packed: list[Batch]) -> Iterator[list[Batch]]:
    for start in range(0, len(packed), _SIDE_BY_SIDE):
        yield packed[start : start + _SIDE_BY_SIDE]


def _open_model(model_dir: Path, dtype: str) -> Any:
    bars = transformers.utils.logging.is_progress_bar_enabled()
    transformers.utils.logging.disable_progress_bar()
    try:
        model = transformers.AutoModelForCausalLM.from_pretrained(
            model_dir, dtype=getattr(torch, dtype), local_files_only=True
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise InputError(f"{model_dir} holds no model that transformers can load: {error}") from error
    finally:
        if bars:
            transformers.utils.logging.enable_progress_bar()
    if "past_key_values" not in inspect.signature(model.forward).parameters:
        raise InputError(
            f"{model_dir}: {type(model).__name__} has no key-value cache, which this engine needs."
        )
    for name, weight in model.named_parameters():
        if not is_finite(weight):
            raise NumericalError(
                f"{model_dir}: weight {name!r} holds NaN or infinite values in {dtype}; take a sound copy of this model, or "
                "families.NAME.dtype: bfloat16 or float32"
            )
    return model.eval().requires_grad_(False)
