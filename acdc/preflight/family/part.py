"""One model of a family as it can be known without its weights: configuration, headers, tokenizer, card.

A part is a local directory or a model on the hub; what comes after sees no difference. Nothing here imports transformers.
"""

import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from acdc.families import hub
from acdc.families.family import local_directory
from acdc.weights.checkpoint import TensorFacts, configuration, own_weights, shards, tensor_facts
from acdc.weights.vocabulary import vocabulary_size

_BYTES = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "I16": 2, "U8": 1, "I8": 1, "BOOL": 1}


@dataclass(frozen=True)
class Part:
    """A base, a seed or a big model.

    Attributes:
        role: "base", the seed's name, or "big".
        where: Directory or id, as in params.yaml.
        revision: As in params.yaml.
        commit: What a hub model's revision stands for; None for a directory.
        directory: Where its small files lie; None where the hub kept them back.
        local: Whether the weights lie there, too.
        tensors: Shape and type of every weight.
        weight_bytes: Size of its files of weights.
        licence: Of its model card; None where that names none.
        gated: Whether the hub asks for a licence to be accepted.
        kept_back: Why nothing could be looked at; empty otherwise.
    """

    role: str
    where: str
    revision: str | None
    commit: str | None
    directory: Path | None
    local: bool
    tensors: dict[str, TensorFacts] = field(repr=False)
    weight_bytes: int
    licence: str | None
    gated: bool = False
    kept_back: str = ""

    @property
    def on_hub(self) -> bool:
        """Whether it is named by an id."""
        return self.commit is not None

    @cached_property
    def configuration(self) -> dict[str, Any]:
        """config.json; empty where it was kept back."""
        return configuration(self.directory) if self.directory is not None else {}

    @property
    def architecture(self) -> str:
        """`model_type` of the configuration."""
        return str(self.configuration.get("model_type", "unknown"))

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every weight."""
        return {name: facts.shape for name, facts in self.tensors.items()}

    @property
    def parameters(self) -> int:
        """Numbers in all weights together; 0 where headers were not read."""
        return sum(math.prod(facts.shape) for facts in self.tensors.values())

    @property
    def stored_types(self) -> list[str]:
        """Types that the weights are stored in, the most common first."""
        sizes: dict[str, int] = {}
        for facts in self.tensors.values():
            sizes[facts.dtype] = sizes.get(facts.dtype, 0) + math.prod(facts.shape)
        return sorted(sizes, key=lambda dtype: (-sizes[dtype], dtype))

    @property
    def rows(self) -> int | None:
        """Rows of the vocabulary, by the configuration."""
        return vocabulary_size(self.configuration)


def read_part(role: str, where: str, revision: str | None) -> Part:
    """Look at a model.

    Args:
        role: What it is in its family.
        where: A directory, or a Hugging Face id.
        revision: Of the id; None: the newest.

    Raises:
        InputError: It does not exist or is incomplete.
        InfrastructureError: The hub cannot be reached.
    """
    directory = local_directory(where)
    if directory is not None:
        return local_part(role, where, directory)
    # Of a big model only size and files matter, and its headers lie in dozens of files.
    model = hub.look(where, revision, headers=role != "big")
    if model.directory is not None:
        configuration(model.directory)
    weights = model.weight_files
    there = model.directory is not None and all((model.directory / name).is_file() for name in weights)
    tensors = own_weights(model.tensors, model.directory) if model.directory is not None else {}
    return Part(
        role,
        where,
        revision,
        model.commit,
        model.directory,
        there,
        tensors,
        sum(weights.values()),
        model.licence,
        model.gated,
        model.kept_back,
    )


def local_part(role: str, where: str, directory: Path) -> Part:
    """A model directory.

    Raises:
        InputError: It is incomplete.
    """
    configuration(directory)  # read later; missing, it is this part's fault
    size = sum(path.stat().st_size for path in shards(directory))
    return Part(
        role,
        where,
        None,
        None,
        directory,
        True,
        tensor_facts(directory),
        size,
        hub.card_licence(directory),
    )
