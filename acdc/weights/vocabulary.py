"""Members of a family whose vocabularies differ in size, brought to that of the general seed.

Fine-tuning often adds tokens, or pads embedding and head to a round number of rows. All models of a family use the general seed's
tokenizer, so its number of rows is the family's: rows beyond are cut off, because no prompt and no answer can hold their tokens;
rows that a member lacks are the general seed's own, so that in a merge they carry no difference from it, and the tokens that it
added keep their meaning. No number is drawn.

A tensor belongs to the vocabulary if its first dimension is the configured `vocab_size` on both sides and all others agree.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor

Shapes = Mapping[str, Sequence[int]]


class Rows(NamedTuple):
    """How many rows a tensor has, and how many the family's have."""

    there: int
    wanted: int


def vocabulary_size(configuration: Mapping[str, Any]) -> int | None:
    """`vocab_size` of a config.json, also where it is nested as in multimodal models; None where it says nothing."""
    inner = configuration.get("text_config")
    nested = inner.get("vocab_size") if isinstance(inner, Mapping) else None
    size = configuration.get("vocab_size", nested)
    return size if isinstance(size, int) else None


def other_rows(
    found: Shapes, like: Shapes, configuration: Mapping[str, Any], wanted: Mapping[str, Any]
) -> dict[str, Rows]:
    """Tensors of a member that have more or fewer vocabulary rows than the general seed's.

    Args:
        found: Shape of each tensor of the member.
        like: The same of the general seed.
        configuration: The member's config.json.
        wanted: The general seed's.
    """
    sizes = vocabulary_size(configuration), vocabulary_size(wanted)
    if None in sizes or sizes[0] == sizes[1]:
        return {}
    return {
        name: Rows(shape[0], like[name][0])
        for name, shape in found.items()
        if name in like
        and shape
        and len(like[name])
        and (shape[0], like[name][0]) == sizes
        and tuple(shape[1:]) == tuple(like[name][1:])
    }


def fitted_shapes(found: Shapes, rows: Mapping[str, Rows]) -> dict[str, tuple[int, ...]]:
    """The member's shapes after :func:`fit`."""
    return {
        name: (rows[name].wanted, *shape[1:]) if name in rows else tuple(shape)
        for name, shape in found.items()
    }


def fit(
    weights: "Mapping[str, Tensor]", rows: Mapping[str, Rows], general: "Callable[[str], Tensor]"
) -> "dict[str, Tensor]":
    """A member's weights with the family's number of vocabulary rows.

    Args:
        weights: The member's state dict.
        rows: Of :func:`other_rows`.
        general: A tensor of the general seed by its name.

    Returns:
        A new state dict in the same order, each tensor in its own dtype.
    """
    import torch

    made: dict[str, Tensor] = {}
    for name, tensor in weights.items():
        if name not in rows:
            made[name] = tensor
        elif rows[name].there > rows[name].wanted:
            made[name] = tensor[: rows[name].wanted].clone()
        else:
            more = general(name)[rows[name].there :].to(tensor.dtype)
            made[name] = torch.cat([tensor, more])
    return made
