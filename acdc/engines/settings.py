"""The `engine` section of params.yaml: `kind` says which engine answers, and with it which settings there are."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from acdc.chat.settings import EndpointSettings
from acdc.parsing.section import Section


class AnyEngineSettings(Section):
    """What the settings of every engine share; those of a plugin are a subclass.

    Attributes:
        kind: Names the engine.
    """

    kind: str

    def identity(self) -> dict[str, object]:
        """What can change an answer: the settings hash of a run holds it."""
        return self.model_dump(mode="json")


class EngineSettings(AnyEngineSettings):
    """The transformers engine and the fixed shapes it computes in.

    Attributes:
        kind: "transformers": the reference, any architecture, any machine.
        rows: Prompts per forward pass; unused rows hold dummies, so that bits don't depend on company.
        widths: Prompt lengths in tokens that prompts are padded to, ascending; beyond the last, its multiples.
        threads: CPU threads of this process; several processes scale better than several threads.
    """

    kind: Literal["transformers"] = "transformers"
    rows: Annotated[int, Field(ge=1, le=4096)] = 64
    widths: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (
        32,
        64,
        128,
        256,
        512,
        1024,
        2048,
    )
    threads: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if list(self.widths) != sorted(set(self.widths)):
            raise ValueError(f"widths must ascend without repetition, not {list(self.widths)}")
        return self


class VllmSettings(AnyEngineSettings):
    """vLLM: one engine, started once, that takes weights in place. The dtype is the family's.

    Attributes:
        kind: "vllm".
        tensor_parallel: GPUs that share one model.
        memory_share: Share of each device's memory that weights, cache and workspace may take.
        cache_gib: Size of the key-value cache; None: what `memory_share` leaves on a GPU; on a CPU what all
            `sequences` can fill, 1 GiB at most.
        context: Longest prompt and answer together, in tokens; None: the model's own bound.
        sequences: Answers that are written at once.
        batch_invariant: vLLM's mode in which company changes no bits; it needs a GPU that vLLM supports in it.
        eager: No compiled graphs: starts sooner, answers slower. Always so on a CPU.
        process: "this": weights go in as tensors; "own": the engine lives in processes of its own and weights go in
            through a checkpoint directory, as they always do with `tensor_parallel` above 1.
        swap: "auto": weights are swapped in place where this version of vLLM is known to do it rightly, else the engine
            is started anew; "restart": always anew.
        canary: How a swap is proved. "full": log-probabilities against a forward pass of transformers; "probe": parts of
            the weights and of the head, without a forward pass; "auto": full up to 2 GB of weights.
        tolerance: Largest difference of a canary's log-probability, in nats; None: by dtype.
    """

    kind: Literal["vllm"] = "vllm"
    tensor_parallel: Annotated[int, Field(ge=1)] = 1
    memory_share: Annotated[float, Field(gt=0, le=1)] = 0.9
    cache_gib: Annotated[float, Field(gt=0)] | None = None
    context: Annotated[int, Field(ge=64)] | None = None
    sequences: Annotated[int, Field(ge=1)] = 256
    batch_invariant: bool = False
    eager: bool = False
    process: Literal["this", "own"] = "this"
    swap: Literal["auto", "restart"] = "auto"
    canary: Literal["auto", "full", "probe"] = "auto"
    tolerance: Annotated[float, Field(gt=0)] | None = None

    @property
    def in_process(self) -> bool:
        """Whether the model lives in this process."""
        return self.process == "this" and self.tensor_parallel == 1

    def identity(self) -> dict[str, object]:
        """What can change an answer."""
        names = {"kind", "tensor_parallel", "context", "sequences", "batch_invariant", "eager"}
        return self.model_dump(mode="json", include=names)


class APISettings(EndpointSettings, AnyEngineSettings):
    """A model behind an OpenAI-compatible endpoint; its weights cannot be changed.

    Attributes:
        kind: "api".
    """

    kind: Literal["api"] = "api"

    def identity(self) -> dict[str, object]:
        """What can change an answer; not the address."""
        return self.model_dump(mode="json", include={"kind", "model"})
