"""Hugging Face model directories: are they whole, what is in them, and their weights as one state dict.

Only files are looked at; transformers is not imported. Names that stand for no weight of their own are left out: the head
of a model whose configuration ties it to the embedding, and position tables that old checkpoints carry along.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from acdc.errors import InputError
from acdc.weights.tensors import DamagedWeightsError, check_finite, check_like, read_weights

if TYPE_CHECKING:
    from torch import Tensor

_INDEX = "model.safetensors.index.json"
_HEADS = {"lm_head.weight", "embed_out.weight"}
_TABLES = (".rotary_emb.inv_freq", ".attention.masked_bias", ".attention.bias")
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json")
Fact = TypeVar("Fact")


class TensorFacts(NamedTuple):
    """What a header says about a tensor: its shape, and its type in safetensors' words ("BF16")."""

    shape: tuple[int, ...]
    dtype: str


def configuration(directory: Path) -> dict[str, Any]:
    """The parsed config.json.

    Raises:
        InputError: There is none, or it is no JSON object.
    """
    return _json(directory / "config.json", "a model directory needs it")


def shards(directory: Path) -> list[Path]:
    """The safetensors files of a model, all of which exist.

    Raises:
        InputError: There are none, or the index names one that is missing.
    """
    index = directory / _INDEX
    if index.is_file():
        names = sorted(set(_json(index, "it lists the shards").get("weight_map", {}).values()))
        missing = [name for name in names if not (directory / name).is_file()]
        if missing or not names:
            raise InputError(
                f"{directory} is incomplete: {missing[0] if missing else 'every shard'} is missing "
                f"({len(missing)} of {len(names)} shards); copy or download the model again."
            )
        return [directory / name for name in names]
    single = directory / "model.safetensors"
    if not single.is_file():
        raise InputError(
            f"{directory} holds no model.safetensors and no {_INDEX}; convert the weights to safetensors."
        )
    return [single]


def tensor_facts(directory: Path) -> dict[str, TensorFacts]:
    """Shape and type of every weight, by sorted name, from the files' headers.

    Raises:
        InputError: A shard is missing, truncated or corrupt.
    """
    from safetensors import SafetensorError, safe_open

    found: dict[str, TensorFacts] = {}
    for shard in shards(directory):
        try:
            with safe_open(shard, framework="np") as file:
                for name in file.keys():  # noqa: SIM118  # a file handle, no mapping
                    part = file.get_slice(name)
                    found[name] = TensorFacts(tuple(part.get_shape()), str(part.get_dtype()))
        except (SafetensorError, OSError) as error:
            raise DamagedWeightsError(
                f"{shard} is truncated or corrupt ({error}); make or download it again."
            ) from error
    return own_weights(found, directory)


def own_weights(found: Mapping[str, Fact], directory: Path) -> dict[str, Fact]:
    """By sorted name, without what stands for no weight of its own.

    Args:
        found: Anything by the name of a tensor.
        directory: Where the model's config.json is.
    """
    return {name: found[name] for name in sorted(found) if _is_weight(name, directory)}


def shapes(directory: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of all weights, from the files' headers.

    Raises:
        InputError: A shard is missing, truncated or corrupt.
    """
    return {name: facts.shape for name, facts in tensor_facts(directory).items()}


def load_weights(directory: Path, base: Path | None = None) -> "dict[str, Tensor]":
    """All weights of a model directory as stored, by sorted name.

    Args:
        directory: A Hugging Face model directory, or one safetensors file.
        base: The family's base, whose names and shapes it must have; None: not checked.

    Raises:
        InputError: A file is missing, truncated or corrupt, a value is NaN or infinite, or a shape is not the base's.
    """
    files = [directory] if directory.is_file() else shards(directory)
    merged: dict[str, Tensor] = {}
    for file in files:
        merged.update(read_weights(file))
    home = directory.parent if directory.is_file() else directory
    weights = {name: merged[name] for name in sorted(merged) if _is_weight(name, home)}
    if base is not None:
        check_like({name: weights[name].shape for name in weights}, shapes(base), directory)
    check_finite(weights, directory)
    return weights


def context_length(directory: Path) -> int | None:
    """Longest prompt and answer together, in tokens; None where the architecture has no bound."""
    config = configuration(directory)
    bound = {**config, **config.get("text_config", {})}.get("max_position_embeddings")
    return int(bound) if bound else None


def load_tensor(directory: Path, name: str) -> "Tensor":
    """One weight of a model directory as stored; no other is read.

    Raises:
        InputError: There is no such weight, or a file is missing or corrupt.
    """
    from safetensors import SafetensorError, safe_open

    for shard in shards(directory):
        try:
            with safe_open(shard, framework="pt") as file:
                if name in file.keys():  # noqa: SIM118  # a file handle, no mapping
                    tensor: Tensor = file.get_tensor(name)
                    return tensor
        except (SafetensorError, OSError) as error:
            raise DamagedWeightsError(
                f"{shard} is truncated or corrupt ({error}); make or download it again."
            ) from error
    raise InputError(f"{directory} holds no weight {name!r}; copy or download the model again.")


def has_tokenizer(directory: Path) -> bool:
    """Whether tokenizer files are there."""
    return any((directory / name).is_file() for name in _TOKENIZERS)


def has_chat_template(directory: Path) -> bool:
    """Whether a chat template is there, in a file of its own or in the tokenizer's configuration."""
    if any((directory / name).is_file() for name in ("chat_template.jinja", "chat_template.json")):
        return True
    settings = directory / "tokenizer_config.json"
    return settings.is_file() and bool(_json(settings, "it configures the tokenizer").get("chat_template"))


def _is_weight(name: str, directory: Path) -> bool:
    if name.endswith(_TABLES):
        return False
    if name not in _HEADS or not (directory / "config.json").is_file():
        return True
    settings = configuration(directory)
    inner = settings.get("text_config") or {}
    return not settings.get(
        "tie_word_embeddings",
        inner.get("tie_word_embeddings", _ties_unless_told(str(settings.get("model_type")))),
    )


def _ties_unless_told(model_type: str) -> bool:
    """Whether an architecture ties head and embedding where config.json does not say (GPT-2, OPT and Gemma do)."""
    from transformers import CONFIG_MAPPING

    if model_type not in CONFIG_MAPPING:
        return False
    return bool(getattr(CONFIG_MAPPING[model_type](), "tie_word_embeddings", False))


def _json(path: Path, why: str) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing; {why}.") from error
    except (ValueError, OSError) as error:
        raise InputError(f"{path} can't be read ({error}); {why}.") from error
    if not isinstance(value, dict):
        raise InputError(f"{path} holds no JSON object; {why}.")
    return value
