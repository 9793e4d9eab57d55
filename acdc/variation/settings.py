"""The `evolution.crossover` and `evolution.mutation` sections of params.yaml. Defaults are the paper's."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

Precision = Literal["float32", "float64"]
"""What crossover and mutation compute in; weights are stored in the family's dtype."""
Finite = Annotated[float, Field(allow_inf_nan=False)]
SPARSE = ("ties", "dare_ties")  # kinds that keep a share of every task vector


class CrossoverSettings(BaseModel):
    """How parents are merged. Weights are wᵢ ~ N(1, std²), drawn once for the whole model.

    Attributes:
        kind: "linear": base + Σ wᵢ(parentᵢ − base) / Σ wᵢ; "task_arithmetic": base + lam · Σ wᵢ(parentᵢ − base); "slerp",
            "ties", "dare_ties": as mergekit computes them, which must be installed (`mergekit_methods.py`).
        std: Standard deviation of the weights wᵢ.
        weights: "signed" as drawn, or "absolute" |wᵢ|.
        lam: Scale λ of task_arithmetic, ties and dare_ties; linear and slerp have none.
        density: Share of each task vector that ties (its largest values) and dare_ties (drawn) keep.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["linear", "task_arithmetic", "slerp", "ties", "dare_ties"] = "linear"
    std: Annotated[Finite, Field(ge=0.0)] = 0.5
    weights: Literal["signed", "absolute"] = "signed"
    lam: Finite = 1.0
    density: Annotated[float, Field(gt=0.0, le=1.0)] = 0.5

    @model_serializer(mode="wrap")
    def _without_what_does_not_count(self, rest: SerializerFunctionWrapHandler) -> dict[str, object]:
        """A density that nothing reads is no part of recipes and settings hashes."""
        fields: dict[str, Any] = rest(self)
        if self.kind not in SPARSE:
            fields.pop("density", None)
        return fields


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
