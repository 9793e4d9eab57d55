"""Recipes: a few hundred bytes from which a model's tensors are made, always the same.

A recipe is a seed's name, or parents with the numbers that were drawn for them and the key of the child's random stream. With
the family's base and seeds that determines every bit of the weights on one machine, so weights of the dead need no disk.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from acdc.errors import InputError
from acdc.streams import key
from acdc.variation.settings import CrossoverSettings, MutationSettings, Precision

if TYPE_CHECKING:
    import numpy as np


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
        stream: Key of the random stream of the mutation (and of masks in the crossover), in hexadecimal digits.
        device: Where it is computed; another device gives other bits.
        precision: What crossover and mutation compute in; recipes that do not say were made in float32.
    """

    kind: Literal["seed", "child"]
    name: str | None = None
    parents: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    crossover: CrossoverSettings | None = None
    mutation: MutationSettings | None = None
    stream: str = ""
    device: str = "cpu"
    precision: Precision = "float32"

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
                **({} if self.device == "cpu" else {"device": self.device}),
                **({} if self.precision == "float32" else {"precision": self.precision}),
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
                device=str(fields.get("device", "cpu")),
                precision=_precision(fields.get("precision", "float32")),
            )
        except (ValueError, KeyError, TypeError, ValidationError) as error:
            raise InputError(f"This version cannot read this recipe ({error}): {text[:200]}") from error

    @property
    def content_hash(self) -> str:
        """32 hexadecimal digits of blake2b over the canonical JSON."""
        return hashlib.blake2b(self.to_json().encode(), digest_size=16).hexdigest()


def _precision(name: object) -> Precision:
    if name == "float64":
        return "float64"
    if name == "float32":
        return "float32"
    raise ValueError(f"precision {name!r}")


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
    indices: Sequence[int | str] = (),
    device: str = "cpu",
) -> Recipe:
    """The recipe of a child, with the mutation's stream keyed as :func:`acdc.streams.key` keys it.

    Args:
        parents: Ids of the parents.
        weights: One crossover weight each (`acdc.variation.draw_weights`).
        crossover: Settings of the crossover.
        mutation: Settings of the mutation.
        seed: The run seed.
        indices: Generation and child.
        device: Where the child is computed.
    """
    numbers = tuple(float(weight) for weight in weights)
    stream = f"{key(seed, 'mutation', *indices):032x}"
    return Recipe("child", None, tuple(parents), numbers, crossover, mutation, stream, device, "float64")


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
