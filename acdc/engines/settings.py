"""The `engine` section of params.yaml."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class EngineSettings(BaseModel):
    """Which engine answers, and the fixed shapes it computes in.

    Attributes:
        kind: "transformers": the reference, any architecture, any machine.
        rows: Prompts per forward pass; unused rows hold dummies, so that bits don't depend on company.
        widths: Prompt lengths in tokens that prompts are padded to, ascending; beyond the last, its multiples.
        threads: CPU threads of this process; several processes scale better than several threads.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

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
