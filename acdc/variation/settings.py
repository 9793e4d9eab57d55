"""The `evolution.crossover` and `evolution.mutation` sections of params.yaml. Defaults are the paper's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from acdc.plugin_section import PluginSection
from acdc.registry import Plugin, Registry

Precision = Literal["float32", "float64"]
"""What crossover and mutation compute in; weights are stored in the family's dtype."""
Finite = Annotated[float, Field(allow_inf_nan=False)]
SPARSE = ("ties", "dare_ties")  # kinds that keep a share of every task vector


@dataclass(frozen=True)
class Drawn:
    """What was drawn for one child; its recipe holds it.

    Attributes:
        weights: One number per parent, w ~ N(1, std²).
        stream: Key of the child's own random stream.
        precision: What the child is computed in.
    """

    weights: Sequence[float]
    stream: int
    precision: Precision = "float64"

    def generator(self) -> np.random.Generator:
        """The child's random stream, from its beginning."""
        return np.random.Generator(np.random.PCG64(self.stream))


CROSSOVERS: Registry[Plugin[Callable[[Any, Drawn], Any]]] = Registry("crossovers")
"""(settings, drawn) -> :data:`acdc.variation.rule.TensorMerge`."""
MUTATIONS: Registry[Plugin[Callable[[Any, Drawn], Any]]] = Registry("mutations")
"""(settings, drawn) -> :data:`acdc.variation.rule.TensorChange`, or None for a mutation that changes nothing."""


class CrossoverSettings(PluginSection):
    """How parents are merged. Weights are wᵢ ~ N(1, std²), drawn once for the whole model.

    Attributes:
        kind: "linear": base + Σ wᵢ(parentᵢ − base) / Σ wᵢ; "task_arithmetic": base + lam · Σ wᵢ(parentᵢ − base); "slerp",
            "ties", "dare_ties": as mergekit computes them, which must be installed (`mergekit_methods.py`); or a plugin's name.
        std: Standard deviation of the weights wᵢ.
        weights: "signed" as drawn, or "absolute" |wᵢ|.
        lam: Scale λ of task_arithmetic, ties and dare_ties; linear and slerp have none.
        density: Share of each task vector that ties (its largest values) and dare_ties (drawn) keep.
    """

    registry = CROSSOVERS

    kind: str = "linear"
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


class MutationSettings(PluginSection):
    """How a merged child is perturbed.

    Attributes:
        kind: "svd_noise", "none" for no mutation, or a plugin's name.
        rank: How many of the largest singular values of each matrix move.
        scale: Standard deviation of the noise on a singular value.
        relative: Noise in proportion to each singular value; needed for tiny matrices, which 0.25 destroys.
    """

    registry = MUTATIONS

    kind: str = "svd_noise"
    rank: Annotated[int, Field(ge=1)] = 256
    scale: Annotated[Finite, Field(ge=0.0)] = 0.25
    relative: bool = False
