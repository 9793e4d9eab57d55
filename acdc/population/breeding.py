"""Breeding: the weights of a recipe, made tensor by tensor in sorted order of their names.

A tensor of a child needs that tensor of its base and parents and nothing else, and so on up through all ancestors: whoever takes
the tensors as they come (a hash, a file, an engine) never holds a second model, whatever the number of generations. A child's
random stream is read in the same order, so a streamed child has the bits of one that was made whole.

Guarantees: noise is drawn on the CPU whatever the device; between crossover and mutation a tensor has the stored type, as
`svd_noise(linear(...))` has. Models that are given as plain dicts and share memory between names stay tied.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from acdc.errors import InfrastructureError, InputError
from acdc.population.recipe import Recipe
from acdc.variation.rule import check_parents, crossover_rule, merged, mutation_rule
from acdc.variation.settings import Drawn
from acdc.variation.ties import check_tied, joint, memory_leaders, with_named
from acdc.weights.tensors import Weights

if TYPE_CHECKING:
    from torch import Tensor

Stream = Iterator["tuple[str, Tensor]"]
Lookup = Callable[[str], "Recipe | Weights"]


def breed(
    recipe: Recipe, base: Weights, parents: Sequence[Weights], *, tied: Sequence[Sequence[str]] = ()
) -> "dict[str, Tensor]":
    """The weights that a child's recipe describes: crossover, then mutation.

    Args:
        recipe: Of kind "child".
        base: State dict of the family's base.
        parents: State dicts of the parents, in the recipe's order.
        tied: Groups of names that are one weight, where both are stored.

    Raises:
        InputError: The recipe is a seed's, or the parents do not fit it or the base.
    """
    return dict(stream_bred(recipe, base, parents, tied=tied))


def stream_bred(
    recipe: Recipe, base: Weights, parents: Sequence[Weights], *, tied: Sequence[Sequence[str]] = ()
) -> Stream:
    """As :func:`breed`, as (name, tensor) in sorted order; each is new and the caller's. Tied names give one tensor."""
    if recipe.kind != "child" or recipe.crossover is None or recipe.mutation is None:
        raise InputError(f"Seed {recipe.name!r} is loaded from its family, not bred.")
    check_parents(sorted(base), parents, len(recipe.weights))
    return _stream(recipe, [], {}, dict(zip(recipe.parents, parents, strict=True)), base, tied)


def stream_rebuilt(
    recipe: Recipe, lookup: Lookup, seeds: Callable[[str], Weights], *, tied: Sequence[Sequence[str]] = ()
) -> Stream:
    """The weights of a recipe, made from the family's seeds through all ancestors, as (name, tensor) in sorted order.

    Time grows with the number of ancestors; memory holds of every ancestor one tensor.

    Args:
        recipe: What to make.
        lookup: Recipe of an individual by its id, or its weights where they are at hand.
        seeds: Weights of a seed by its name; "base" is the family's base.
        tied: As in :func:`breed`.

    Raises:
        InputError: An ancestor is unknown, or recipes form a circle.
    """
    if recipe.kind == "seed":
        weights = seeds(str(recipe.name))
        return ((name, weights[name]) for name in sorted(weights))
    order, recipes, known = _ancestors(recipe, lookup)
    for identity in [identity for identity in order if recipes[identity].kind == "seed"]:
        known[identity] = seeds(str(recipes.pop(identity).name))
        order.remove(identity)
    return _stream(recipe, order, recipes, known, seeds("base"), tied)


class _Child:
    """One child's crossover and mutation, tensor by tensor."""

    def __init__(self, recipe: Recipe) -> None:
        if recipe.crossover is None or recipe.mutation is None:
            raise InputError(f"A child's recipe lacks its crossover or mutation: {recipe.to_json()}")
        drawn = Drawn(recipe.weights, int(recipe.stream or "0", 16), recipe.precision)
        self.parents, self.weights = recipe.parents, len(recipe.weights)
        self._device = checked_device(recipe.device)
        self._merge = crossover_rule(recipe.crossover, drawn)
        self._change = mutation_rule(recipe.mutation, drawn)

    def tensor(self, name: str, base: "Tensor", parents: "Sequence[Tensor]") -> "Tensor":
        """The child's tensor, on the CPU."""
        import torch

        with torch.no_grad():
            there = self._device
            child = merged(self._merge, name, base.to(there), [parent.to(there) for parent in parents])
            return (child if self._change is None else self._change(name, child.to(there))).cpu()


def checked_device(name: str) -> str:
    """The device, if it is there.

    Raises:
        InfrastructureError: It is not.
    """
    if name != "cpu":
        import torch

        if not torch.cuda.is_available():
            raise InfrastructureError(
                f"This individual is computed on {name!r} and this machine has no CUDA device. A CPU would give other bits: "
                "go to a machine with a GPU, or set evolution.device: cpu and evolve anew."
            )
    return name


def _stream(
    recipe: Recipe,
    order: Sequence[str],
    recipes: Mapping[str, Recipe],
    known: Mapping[str, Weights],
    base: Weights,
    tied: Sequence[Sequence[str]],
) -> Stream:
    """The child of `recipe`, its ancestors in `order` made beside it; `known` are models that are at hand."""
    names, itself = sorted(base), ""  # no individual has an empty id
    for model in (base, *known.values()) if tied else ():
        check_tied(model, tied)
    children = {**{id: _Child(recipes[id]) for id in order}, itself: _Child(recipe)}
    leaders = {id: memory_leaders(model) for id, model in known.items()}
    origin = memory_leaders(base)
    for id, child in children.items():
        check_parents(names, [known.get(parent, base) for parent in child.parents], child.weights)
        leaders[id] = with_named(joint([origin, *(leaders[p] for p in child.parents)], names), tied)
    return _tensors(names, base, children, known, leaders)


def _tensors(
    names: Sequence[str],
    base: Weights,
    children: Mapping[str, _Child],
    known: Mapping[str, Weights],
    leaders: Mapping[str, Mapping[str, str]],
) -> Stream:
    last = {parent: id for id, child in children.items() for parent in child.parents}  # who needs it last
    wanted = {id: Counter(leaders[id].values()) for id in children}
    kept: dict[tuple[str, str], Tensor] = {}
    for name in names:
        origin = base[name]
        made: dict[str, Tensor] = {}
        for id, child in children.items():
            leader = leaders[id][name]
            if leader == name:
                parents = [made[p] if p in made else known[p][name] for p in child.parents]
                made[id] = child.tensor(name, origin, parents)
                del parents
            else:
                made[id] = kept[id, leader]
            wanted[id][leader] -= 1
            if wanted[id][leader]:
                kept[id, leader] = made[id]
            else:
                kept.pop((id, leader), None)
            for parent in child.parents:
                if last[parent] == id:
                    made.pop(parent, None)
        yield name, made.pop("")


def _ancestors(recipe: Recipe, lookup: Lookup) -> tuple[list[str], dict[str, Recipe], dict[str, Weights]]:
    """Ids of all ancestors that must be made, parents before children; their recipes; weights that were at hand."""
    recipes: dict[str, Recipe] = {}
    made: dict[str, Weights] = {}
    order: list[str] = []
    open_ids: set[str] = set()
    todo = [(parent, False) for parent in reversed(recipe.parents)]
    while todo:
        identity, expanded = todo.pop()
        if expanded:
            open_ids.discard(identity)
            order.append(identity)
        elif identity in open_ids:
            raise InputError(
                f"Individual {identity!r} is its own ancestor; the store that says so is damaged."
            )
        elif identity not in recipes and identity not in made:
            found = lookup(identity)
            if isinstance(found, Mapping):
                made[identity] = found
                continue
            recipes[identity] = found
            open_ids.add(identity)
            todo.append((identity, True))
            todo.extend((parent, False) for parent in reversed(found.parents))
    return order, recipes, made
