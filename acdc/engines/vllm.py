"""The `vllm` engine: starts once, then answers for a whole population with weights that are swapped in place.

Guarantees: after `load` the engine answers with the weights that were given, proved by a canary (`canary.py`), or `load`
raises and the engine gives no answer; a prompt's tokens are those of the transformers engine; a draw comes from its
request's own seed; a version of vLLM whose swap is not known is started anew for every model, and `version` says so.

Not guaranteed, outside the batch-invariant mode: equal bits in different company. Rates that were measured are in
`docs/engines.md`. Drawn tokens are never those of the transformers engine: vLLM has a generator of its own.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from acdc.engines.canary import Canary
from acdc.engines.engine import Answer, Capabilities, Request, Sampling
from acdc.engines.memory import GIB, CacheShape, Demand, plan_memory
from acdc.engines.prompts import Prompts, check_lengths
from acdc.engines.settings import VllmSettings
from acdc.engines.staging import checked, staged
from acdc.engines.vllm_adapter import (
    BLOCK,
    HEADS_ON_CPU,
    Adapter,
    Options,
    Raw,
    installed_vllm,
    swaps_in_place,
)
from acdc.errors import InfrastructureError, InputError, NumericalError
from acdc.weights.checkpoint import configuration, shapes

if TYPE_CHECKING:
    from torch import Tensor

_CPU_CACHE = GIB  # of main memory at most, where nothing else is said
_NO_BOUND = 1 << 20  # tokens, where an architecture says nothing about its context


class VllmEngine:
    """A causal language model in vLLM, behind :class:`acdc.engines.engine.Engine`.

    vLLM starts with the first `load` or `generate`; whether it fits into memory is known at once.

    Attributes:
        capabilities: What it promises.
        memory: What it takes of memory.
        canary: What proves a swap; `canary.seen` is what it last saw.

    Args:
        model_dir: A Hugging Face model directory: architecture, and weights until the first `load`.
        settings: The `engine` section of params.yaml.
        tokenizer_dir: Where tokenizer and chat template are; None: `model_dir`.
        dtype: "float32", "bfloat16" or "float16".
        chat_template_args: Extra arguments of the chat template.
        stop_tokens: Tokens that end an answer, besides those that the directories' files name.

    Raises:
        InputError: vLLM is not installed, the directory holds no model or tokenizer, or memory does not suffice.
    """

    def __init__(
        self,
        model_dir: Path,
        settings: VllmSettings,
        *,
        tokenizer_dir: Path | None = None,
        dtype: str = "float32",
        chat_template_args: Mapping[str, object] | None = None,
        stop_tokens: Sequence[str] = (),
    ) -> None:
        import torch

        release = installed_vllm()
        on_cpu = not torch.cuda.is_available()
        self.prompts = Prompts(tokenizer_dir or model_dir, chat_template_args or {}, stop_tokens)
        config, self._shapes = configuration(model_dir), shapes(model_dir)
        _check_device(settings, config, on_cpu)
        self.context = min(_bound(config), settings.context or _NO_BOUND)
        cache = _cache(settings, config, dtype, self.context, on_cpu)
        wanted = Demand(
            dtype=dtype,
            context=self.context,
            sequences=settings.sequences,
            devices=settings.tensor_parallel,
            limit=_limit(settings, on_cpu),
            cache=cache,
            through_checkpoint=not settings.in_process,
        )
        self.memory = plan_memory(self._shapes, config, wanted)
        self.memory.check(str(model_dir))
        self.weights_hash: str | None = None
        self.canary = Canary(model_dir, config, self._shapes, settings.canary, settings.tolerance, dtype)
        self._model_dir = model_dir
        self._end_tokens = sorted(self.prompts.end_tokens_of(model_dir))
        self._in_place = settings.swap == "auto" and swaps_in_place(release)
        self._adapter: Adapter | None = None
        self._down = False
        self._options = Options(
            tokenizer=tokenizer_dir or model_dir,
            dtype=dtype,
            context=self.context,
            sequences=settings.sequences,
            tensor_parallel=settings.tensor_parallel,
            memory_share=settings.memory_share,
            cache=cache,
            batch_invariant=settings.batch_invariant,
            eager=settings.eager,
            in_process=settings.in_process,
            on_cpu=on_cpu,
        )
        swaps: Literal["in place", "restart"] = "in place" if self._in_place else "restart"
        self.capabilities = Capabilities(settings.batch_invariant, swaps)
        device = "cpu" if on_cpu else "cuda"
        company = "batch-invariant" if settings.batch_invariant else "bits depend on company"
        self.version = (
            f"vllm {release}, torch {torch.__version__}, {device}, {dtype}, tensor parallel {settings.tensor_parallel}, context "
            f"{self.context}, sequences {settings.sequences}, swaps {swaps}, {company}"
        )

    def load(self, weights: "Mapping[str, Tensor]", weights_hash: str) -> None:
        """Put other weights in place and prove that they answer.

        Args:
            weights: A state dict by the checkpoint's names; a tied head may be there or not.
            weights_hash: Its `acdc.weights.tensors.weights_hash`.

        Raises:
            InputError: A name is missing or unknown, a shape differs, or a value is NaN or infinite; nothing was changed.
            InfrastructureError: vLLM failed or answers with other weights; it starts anew with the next `load`.
        """
        wanted = checked(weights, self._shapes)
        self.weights_hash = None
        with self._or_down():
            if self._in_place:
                adapter = self._started(self._model_dir)
                self.canary.before(adapter)
                if adapter.in_process:
                    adapter.swap(wanted)
                else:
                    with staged(wanted, self._model_dir) as directory:
                        adapter.swap_from(directory)
            else:
                self.close()
                with staged(wanted, self._model_dir) as directory:
                    adapter = self._started(directory)
            self.canary.after(adapter, wanted)
        self.weights_hash, self._down = weights_hash, False

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
        """Answers in the order of the requests; see :meth:`acdc.engines.engine.Engine.generate`.

        Raises:
            InputError: A prompt and the budget do not fit into the context.
            InfrastructureError: vLLM failed, now or before; the next `load` starts it anew.
        """
        prompts = [self.prompts.encode(request.prompt) for request in requests]
        check_lengths(map(len, prompts), sampling.max_new_tokens, self.context)
        if self._down:
            raise InfrastructureError("vLLM stopped after its last error; load weights to start it again")
        if not prompts:
            return []
        drawn = sampling.temperature > 0
        with self._or_down():
            found = self._started(self._model_dir).ask(
                prompts,
                sampling,
                [request.stream if drawn else None for request in requests],
                self._end_tokens,
                logprobs=0,  # always: NaN shows in them, and vLLM writes token 0 all the same
                progress=progress,
            )
        return [self._answer(raw, len(prompt), sampling) for raw, prompt in zip(found, prompts, strict=True)]

    def close(self) -> None:
        """End vLLM and give its memory back."""
        if self._adapter is not None:
            self._adapter.close()
        self._adapter = None

    def _started(self, directory: Path) -> Adapter:
        if self._adapter is None:
            self._adapter = Adapter(directory, self._options)
        return self._adapter

    @contextmanager
    def _or_down(self) -> Iterator[None]:
        """After a failure the engine gives no answer until weights are loaded again."""
        try:
            yield
        except InfrastructureError:
            self._down, self.weights_hash = True, None
            self.close()
            raise

    def _answer(self, raw: Raw, prompt_tokens: int, sampling: Sampling) -> Answer:
        tokens, stop = list(raw.tokens), sampling.stop
        if any(math.isnan(value) for value in raw.logprobs):
            raise NumericalError(
                f"the model computes NaN logits for a prompt of {prompt_tokens} tokens, so it has no answer. Load its family in bfloat16 "
                "or float32 (families.NAME.dtype), or leave this model out"
            )
        if raw.stopped and tokens and tokens[-1] in self._end_tokens:
            tokens.pop()
        text, finished = self.prompts.decode(tokens), raw.stopped
        if any(mark in text for mark in stop):
            finished = True
            tokens, text = self.prompts.cut(tokens, stop)
        logprobs = raw.logprobs[: len(tokens)] if sampling.logprobs else ()
        return Answer(text, tuple(tokens), "stop" if finished else "length", prompt_tokens, logprobs)


def _bound(config: Mapping[str, Any]) -> int:
    """Tokens that the architecture has positions for."""
    name = "max_position_embeddings"
    return int(config.get(name) or config.get("text_config", {}).get(name) or _NO_BOUND)


def _check_device(settings: VllmSettings, config: Mapping[str, Any], on_cpu: bool) -> None:
    """Refuse a mode or a model's attention that vLLM can't compute here; it would say so only when it is asked."""
    if on_cpu and settings.batch_invariant:
        raise InputError("engine.batch_invariant: vLLM has this mode on GPUs only; leave it out")
    devices = settings.tensor_parallel
    width = CacheShape.of(config).size
    if on_cpu and width not in HEADS_ON_CPU:
        raise InputError(
            f"engine.kind is vllm: on a CPU it computes attention for heads of {', '.join(map(str, HEADS_ON_CPU))}, and this "
            f"model's are {width} wide; take `kind: transformers`"
        )
    heads = int({**config, **config.get("text_config", {})}["num_attention_heads"])
    if heads % devices:
        raise InputError(
            f"engine.tensor_parallel: {heads} attention heads can't be shared out evenly to {devices} devices"
        )


def _cache(
    settings: VllmSettings, config: Mapping[str, Any], dtype: str, context: int, on_cpu: bool
) -> int | None:
    """Bytes of the key-value cache on each device; None: what is left, which vLLM finds out."""
    if settings.cache_gib is not None:
        return int(settings.cache_gib * GIB)
    if not on_cpu:
        return None
    blocks = -(-context // BLOCK) * settings.sequences + 1  # vLLM keeps one for itself
    most = blocks * BLOCK * CacheShape.of(config).bytes_per_token(dtype, settings.tensor_parallel)
    return min(most, _CPU_CACHE)  # every swap goes through all blocks


def _limit(settings: VllmSettings, on_cpu: bool) -> int:
    """Bytes of each device that the engine may take: the share of all of it, and no more than is free."""
    if on_cpu:
        from acdc.processes.machine import memory

        return int(settings.memory_share * memory("MemAvailable") / settings.tensor_parallel)
    import torch

    devices = range(settings.tensor_parallel)
    if settings.tensor_parallel > torch.cuda.device_count():
        raise InputError(
            f"engine.tensor_parallel is {settings.tensor_parallel}, and there are {torch.cuda.device_count()} GPUs here"
        )
    free = [torch.cuda.mem_get_info(device) for device in devices]
    return int(min(min(settings.memory_share * total, left) for left, total in free))
