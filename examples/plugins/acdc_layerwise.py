"""A crossover: early layers are nearer to the first parent, late layers to the last one, in between in a straight line."""

import re
from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import BaseModel, ConfigDict, Field

from acdc.registry import Plugin
from acdc.variation import Drawn, TensorMerge


class Layerwise(BaseModel):
    """The settings: ``evolution.crossover.options``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layers: Annotated[int, Field(ge=1)]  # of the family's models
    sharpness: Annotated[float, Field(ge=0, le=1)] = 1.0  # 0: the mean of both everywhere


def layerwise(settings: Layerwise, drawn: Drawn) -> TensorMerge:
    """The rule for one child: base + (1 - t) w₁(first - base) + t w₂(last - base), t by the depth of the tensor."""
    first_weight, last_weight = (float(w) for w in (drawn.weights[0], drawn.weights[-1]))

    def merge(name: str, base: torch.Tensor, parents: Sequence[torch.Tensor]) -> torch.Tensor:
        layer = re.search(r"\.layers\.(\d+)\.", name)
        depth = (
            (int(layer[1]) + 0.5) / settings.layers if layer else 0.5
        )  # embeddings and head: half and half
        t = 0.5 + settings.sharpness * (min(depth, 1.0) - 0.5)
        origin, first, last = (tensor.to(torch.float64) for tensor in (base, parents[0], parents[-1]))
        child = origin + (1 - t) * first_weight * (first - origin) + t * last_weight * (last - origin)
        return child.to(base.dtype)

    return merge


PLUGIN = Plugin(layerwise, Layerwise, cost="one pass over two parents")
