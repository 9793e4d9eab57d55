"""Individuals as recipes: a few hundred bytes from which the same tensors are made, always.

A recipe is a seed's name, or parents with the numbers that were drawn for them and the key of the mutation's noise. With
the family's base and seeds that determines every bit of the weights on one machine (`weights_hash` proves it), so weights
of the dead need no disk.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from acdc.errors import InputError
from acdc.streams import key
from acdc.variation.settings import CrossoverSettings, MutationSettings
from acdc.weights import DamagedWeightsError, Weights, read_weights, save_weights, weights_hash

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

__all__ = [
    "DamagedWeightsError",
    "Individual",
    "Recipe",
    "breed",
    "child_recipe",
    "read_weights",
    "rebuild",
    "save_weights",
    "seed_recipe",
    "weights_hash",
]


@dataclass(frozen=True)
class Recipe:
    """What a model's weights are made of.

    Attributes:
        kind: "seed", or "child" of a crossover and a mutation.
        name: The seed's name in its family; None for a child.
        parents: Ids of the parents, in the order of `weights`.
        weights: Crossover weight of each parent, as drawn.
        crossover: Settings of the crossover; None for a seed.
        mutation: Settings of the mutation; None for a seed.
        stream: Key of the mutation's random stream, in hexadecimal digits.
    """

    kind: Literal["seed", "child"]
    name: str | None = None
    parents: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    crossover: CrossoverSettings | None = None
    mutation: MutationSettings | None = None
    stream: str = ""

    def to_json(self) -> str:
        """Canonical JSON: the same recipe gives the same text."""
        if self.kind == "seed":
            return _canonical({"kind": "seed", "name": self.name})
        return _canonical(
            {
                "kind": "child",
                "parents": self.parents,
                "weights": self.weights,
                "crossover": self.crossover.model_dump(mode="json") if self.crossover else None,
                "mutation": self.mutation.model_dump(mode="json") if self.mutation else None,
                "stream": self.stream,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """The recipe of `to_json`.

        Raises:
            InputError: The text is no recipe of this version.
        """
        try:
            fields: dict[str, Any] = json.loads(text)
            if fields["kind"] == "seed":
                return seed_recipe(str(fields["name"]))
            return cls(
                kind="child",
                parents=tuple(map(str, fields["parents"])),
                weights=tuple(map(float, fields["weights"])),
                crossover=CrossoverSettings.model_validate(fields["crossover"]),
                mutation=MutationSettings.model_validate(fields["mutation"]),
                stream=str(fields["stream"]),
            )
        except (ValueError, KeyError, TypeError, ValidationError) as error:
            raise InputError(f"This is no recipe that this version reads ({error}): {text[:200]}") from error

    @property
    def content_hash(self) -> str:
        """32 hexadecimal digits of blake2b over the canonical JSON."""
        return hashlib.blake2b(self.to_json().encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class Individual:
    """One model of the population.

    Attributes:
        id: Its name, unique in a run.
        recipe: What it is made of.
        weights_hash: Content hash of its weights.
        generation: 0 for the initial population.
        born: Place in the order of creation; the older of two has the smaller.
    """

    id: str
    recipe: Recipe
    weights_hash: str
    generation: int
    born: int


def seed_recipe(name: str) -> Recipe:
    """The recipe of a seed model, by its name in the family."""
    return Recipe(kind="seed", name=name)


def child_recipe(
    parents: Sequence[str],
    weights: "Sequence[float] | np.ndarray[Any, Any]",
    crossover: CrossoverSettings,
    mutation: MutationSettings,
    *,
    seed: int,
    purpose: str = "mutation",
    indices: Sequence[int | str] = (),
) -> Recipe:
    """The recipe of a child, with the mutation's stream keyed as :func:`acdc.streams.key` keys it.

    Args:
        parents: Ids of the parents.
        weights: One crossover weight each (`acdc.variation.draw_weights`).
        crossover: Settings of the crossover.
        mutation: Settings of the mutation.
        seed: The run seed.
        purpose: What the stream is for.
        indices: Generation and child.
    """
    numbers = tuple(float(weight) for weight in weights)
    stream = f"{key(seed, purpose, *indices):032x}"
    return Recipe("child", None, tuple(parents), numbers, crossover, mutation, stream)


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
    import numpy as np

    from acdc.variation.crossover import linear, task_arithmetic
    from acdc.variation.svd_noise import svd_noise

    if recipe.kind != "child" or recipe.crossover is None or recipe.mutation is None:
        raise InputError(f"Seed {recipe.name!r} is loaded from its family, not bred.")
    if recipe.crossover.kind == "linear":
        child = linear(base, parents, recipe.weights)
    else:
        child = task_arithmetic(base, parents, recipe.weights, lam=recipe.crossover.lam)
    mutation = recipe.mutation
    if mutation.kind == "none":
        return child
    generator = np.random.Generator(np.random.PCG64(int(recipe.stream, 16)))
    return svd_noise(
        child,
        rank=mutation.rank,
        scale=mutation.scale,
        relative=mutation.relative,
        generator=generator,
        tied=tied,
    )


def rebuild(
    recipe: Recipe,
    lookup: Callable[[str], "Recipe | Weights"],
    seeds: Callable[[str], Weights],
    *,
    tied: Sequence[Sequence[str]] = (),
) -> Weights:
    """The weights of a recipe, made from the family's seeds through all ancestors.

    Every ancestor is made once and dropped after its last use, so time grows with the number of ancestors and memory with
    how many of them are needed at once.

    Args:
        recipe: What to make.
        lookup: Recipe of an individual by its id, or its weights where they are at hand.
        seeds: Weights of a seed by its name; "base" is the family's base.
        tied: As in :func:`breed`.

    Raises:
        InputError: An ancestor is unknown, or recipes form a circle.
    """
    order, recipes, made = _ancestors(recipe, lookup)
    uses = Counter(
        parent for child in (*order, None) for parent in (recipes[child] if child else recipe).parents
    )
    base: Weights | None = None

    def make(this: Recipe) -> Weights:
        nonlocal base
        if this.kind == "seed":
            return seeds(str(this.name))
        base = seeds("base") if base is None else base
        weights = breed(this, base, [made[parent] for parent in this.parents], tied=tied)
        for parent in this.parents:
            uses[parent] -= 1
            if uses[parent] == 0:
                del made[parent]
        return weights

    for identity in order:
        made[identity] = make(recipes[identity])
    return make(recipe)


def _ancestors(
    recipe: Recipe, lookup: Callable[[str], "Recipe | Weights"]
) -> tuple[list[str], dict[str, Recipe], dict[str, Weights]]:
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


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
