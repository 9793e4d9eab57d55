"""The `evolution.crossover` and `evolution.mutation` sections of params.yaml. Defaults are the paper's."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Finite = Annotated[float, Field(allow_inf_nan=False)]


class CrossoverSettings(BaseModel):
    """How parents are merged.

    Attributes:
        kind: "linear": base + Σ wᵢ(parentᵢ − base) / Σ wᵢ; "task_arithmetic": base + lam · Σ wᵢ(parentᵢ − base).
        std: Standard deviation of the weights wᵢ ~ N(1, std²).
        weights: "signed" as drawn, or "absolute" |wᵢ|.
        lam: Scale of task arithmetic; linear crossover has none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["linear", "task_arithmetic"] = "linear"
    std: Annotated[Finite, Field(ge=0.0)] = 0.5
    weights: Literal["signed", "absolute"] = "signed"
    lam: Finite = 1.0


class MutationSettings(BaseModel):
    """How a merged child is perturbed.

    Attributes:
        kind: "svd_noise", or "none" for no mutation.
        rank: How many of the largest singular values of each matrix move.
        scale: Standard deviation of the noise on a singular value.
        relative: Noise in proportion to each singular value; needed for tiny matrices, which 0.25 destroys.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["svd_noise", "none"] = "svd_noise"
    rank: Annotated[int, Field(ge=1)] = 256
    scale: Annotated[Finite, Field(ge=0.0)] = 0.25
    relative: bool = False
