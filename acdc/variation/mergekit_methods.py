"""Crossover by mergekit's own methods, in process and tensor by tensor: slerp, ties, dare_ties.

mergekit (the extra `merge`; LGPL-3.0) is called, nothing of it is copied. What the crossover weights w mean:

    slerp      two parents; t = w₂ / (w₁ + w₂), so that t = 0 is the first parent. Signed weights may take t out of [0, 1], along
               the same arc. A single parent is its own child.
    ties       weight wᵢ each, density, λ = lam, sign election by sum, divided by the sum of the agreeing weights
               (arXiv:2306.01708)
    dare_ties  weight wᵢ each, density, λ = lam, kept values rescaled, not divided (arXiv:2311.03099)

Guarantees: fp32 inside, one cast at the end; what the command `mergekit-yaml` writes for the same inputs and parameters. The
masks of dare_ties are drawn on the CPU for every tensor from a seed of its own, made of the child's random stream and the
tensor's name: mergekit draws one tensor after the other from a single seed, which would tie a child to the order in which
tensors are taken. Not guaranteed: little memory; ties sorts whole tensors and needs some ten copies of the largest.
"""

from collections.abc import Callable, Hashable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from acdc.errors import InputError
from acdc.streams import key
from acdc.variation.rule import TensorMerge
from acdc.variation.settings import CrossoverSettings

if TYPE_CHECKING:
    from torch import Tensor

KINDS = ("slerp", "ties", "dare_ties")


def require(kind: str) -> str | None:
    """The version of mergekit that a kind of crossover computes with; None for a kind that needs none.

    Raises:
        InputError: It needs mergekit, which is not installed.
    """
    if kind not in KINDS:
        return None
    try:
        return f"mergekit {version('mergekit')}"
    except PackageNotFoundError:
        raise InputError(
            f"Crossover {kind!r} is computed by mergekit, which is not installed; it is the extra 'merge': "
            "`make setup EXTRAS=merge`, or `pip install 'acdc-coevolution[merge]'`."
        ) from None


def rule(settings: CrossoverSettings, weights: Sequence[float], stream: int) -> TensorMerge:
    """The merge of one tensor by the method that the settings name.

    Args:
        settings: The `crossover` section, of a kind in `KINDS`.
        weights: One number per parent.
        stream: Key of the child's random stream.

    Raises:
        InputError: mergekit is not installed, or the method does not take so many parents.
    """
    require(settings.kind)
    if settings.kind == "slerp":
        return _slerp(weights)
    return _sparse(settings, weights, lambda name: mask_seed(stream, name))


def mask_seed(stream: int, name: str) -> int:
    """The seed of dare_ties' masks for a tensor, below 2**32 (what `mergekit-yaml --random-seed` takes)."""
    return key(stream, "dare mask", name) % 2**32


def arc(weights: Sequence[float]) -> float:
    """The t of slerp.

    Raises:
        InputError: There are not two weights, or they sum to 0.
    """
    if len(weights) == 1:
        return 0.0
    if len(weights) != 2 or sum(weights) == 0.0:
        raise InputError(f"slerp takes two parents and weights that do not sum to 0, not {list(weights)}.")
    return float(weights[1]) / float(weights[0] + weights[1])


def _slerp(weights: Sequence[float]) -> TensorMerge:
    t = arc(weights)

    def merge(name: str, base: "Tensor", parents: "Sequence[Tensor]") -> "Tensor":
        if len(parents) == 1:
            return parents[0].to(base.dtype, copy=True)
        return _call("slerp", name, {"first": parents[0], "second": parents[1]}, "first", base, {"t": t})

    return merge


def _sparse(settings: CrossoverSettings, weights: Sequence[float], seed: Callable[[str], int]) -> TensorMerge:
    trimmed = settings.kind == "ties"
    parameters = {
        "weight": [float(weight) for weight in weights],
        "density": settings.density,
        "lambda": settings.lam,
        "normalize": trimmed,  # mergekit's own defaults, said here so that no release can move them
        "rescale": not trimmed,
    }

    def merge(name: str, base: "Tensor", parents: "Sequence[Tensor]") -> "Tensor":
        import torch

        inputs: dict[Hashable, Tensor] = {"base": base, **dict(enumerate(parents))}
        if trimmed:
            return _call("ties", name, inputs, "base", base, parameters)
        with torch.random.fork_rng(devices=[]):  # mergekit draws from torch's global generator
            torch.manual_seed(seed(name))
            return _call("dare_ties", name, inputs, "base", base, parameters)

    return merge


def _call(
    method: str,
    name: str,
    inputs: "dict[Any, Tensor]",
    origin: str,
    base: "Tensor",
    parameters: dict[str, Any],
) -> "Tensor":
    """What mergekit makes of one group of tensors, on the CPU, in the base's dtype."""
    import torch
    from mergekit import merge_methods
    from mergekit.merge_methods.base import TensorEntry, TensorGroup, TensorMetadata

    entries = [TensorEntry(id=id, tensor=tensor.cpu(), is_base=id == origin) for id, tensor in inputs.items()]
    group = TensorGroup(entries=tuple(entries), metadata=TensorMetadata(name=name))
    (result,) = merge_methods.get(method)((group,), parameters=parameters, dtype=torch.float32)
    child: Tensor = result.to(base.dtype, copy=True)
    return child
