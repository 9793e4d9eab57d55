"""Which names of a model are one weight: an embedding and a head that are tied, for example.

A leader is the first name, in sorted order, of a group that is one weight. Two names are one weight where they are said to be,
and in a plain dict where they hold the same memory. Weights that are read from a file when they are asked for have no
address of their own; files hold a tied pair once.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from acdc.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor


def memory_leaders(weights: "Mapping[str, Tensor]") -> dict[str, str]:
    """For each name the first that holds the same memory in the same shape; itself outside plain dicts."""
    if not isinstance(weights, dict):
        return {name: name for name in weights}
    places: dict[object, str] = {}
    leader = {}
    for name in sorted(weights):
        weight = weights[name]
        place = (weight.data_ptr(), weight.shape, weight.stride()) if weight.numel() else name
        leader[name] = places.setdefault(place, name)
    return leader


def common_leaders(names: Sequence[str], models: "Sequence[Mapping[str, Tensor]]") -> dict[str, str]:
    """For each name the first that holds the same memory in every one of the models."""
    return joint([memory_leaders(model) for model in models], names)


def joint(leaders: Sequence[Mapping[str, str]], names: Sequence[str]) -> dict[str, str]:
    """For each name the first that has the same leader in every mapping.

    Args:
        leaders: One mapping per model.
        names: In sorted order.
    """
    first: dict[tuple[str, ...], str] = {}
    return {name: first.setdefault(tuple(leader[name] for leader in leaders), name) for name in names}


def with_named(leader: Mapping[str, str], tied: Sequence[Sequence[str]]) -> dict[str, str]:
    """Leaders with groups of names added that are said to be one weight.

    Raises:
        InputError: A group holds a name that the weights do not have.
    """
    found = dict(leader)
    for group in tied:
        for name in group:
            if name not in found:
                raise InputError(f"{name!r} is said to be tied, but the weights have no such tensor.")
        first = min(found[name] for name in group)
        joined = {found[name] for name in group}
        found = {name: first if of in joined else of for name, of in found.items()}
    return found


def check_tied(weights: "Mapping[str, Tensor]", tied: Sequence[Sequence[str]]) -> None:
    """Refuse weights that differ where they are said to be tied.

    Raises:
        InputError: Two of a group differ, or one is not there.
    """
    import torch

    for group in tied:
        for name in group:
            if name not in weights:
                raise InputError(f"{name!r} is said to be tied, but the weights have no such tensor.")
            if not torch.equal(weights[name], weights[group[0]]):
                raise InputError(f"{group[0]!r} and {name!r} are said to be tied but differ.")
