"""PyTorch weights (`pytorch_model*.bin`) as safetensors, shard by shard.

Guarantees: pickles are opened by torch's restricted loader, which makes tensors and runs no code; the values are those of the
files, to the bit. Written into a new directory, which appears whole or not at all.
"""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acdc.errors import InputError
from acdc.weights.checkpoint import configuration

if TYPE_CHECKING:
    from torch import Tensor

_INDEX = "pytorch_model.bin.index.json"
_LEFT = (".bin", ".bin.index.json", ".safetensors", ".safetensors.index.json", ".pth", ".gguf")


def convert(source: Path, target: Path) -> list[Path]:
    """Write a model directory again with its weights as safetensors.

    Args:
        source: A Hugging Face model directory with `pytorch_model.bin`, or shards and their index.
        target: A directory that does not exist yet.

    Returns:
        The files of weights.

    Raises:
        InputError: There is nothing to convert, a shard is missing or no plain state dict, or the target exists.
    """
    configuration(source)
    if target.exists():
        raise InputError(f"{target} exists already; name a directory to be made.")
    shards = _shards(source)
    staging = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        for path in source.iterdir():
            if path.is_file() and not path.name.endswith(_LEFT):
                shutil.copyfile(path, staging / path.name)
        names = _write(shards, staging)
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return [target / name for name in names]


def _shards(source: Path) -> list[Path]:
    index = source / _INDEX
    single = source / "pytorch_model.bin"
    if index.is_file():
        names = sorted(set(json.loads(index.read_text(encoding="utf-8")).get("weight_map", {}).values()))
        shards = [source / name for name in names]
    else:
        shards = [single]
    missing = [path for path in shards if not path.is_file()]
    if missing or not shards:
        raise InputError(
            f"{source} holds no {missing[0].name if missing else 'shard'}; there is nothing to convert."
        )
    return shards


def _write(shards: list[Path], staging: Path) -> list[str]:
    from safetensors.torch import save_file

    names, places, size = [], {}, 0
    for number, shard in enumerate(shards, 1):
        name = (
            "model.safetensors" if len(shards) == 1 else f"model-{number:05}-of-{len(shards):05}.safetensors"
        )
        weights = _read(shard)
        save_file(weights, staging / name, {"format": "pt"})
        places.update(dict.fromkeys(weights, name))
        size += sum(tensor.numel() * tensor.element_size() for tensor in weights.values())
        names.append(name)
    if len(shards) > 1:
        index: dict[str, Any] = {"metadata": {"total_size": size}, "weight_map": dict(sorted(places.items()))}
        (staging / "model.safetensors.index.json").write_text(
            json.dumps(index, indent=2) + "\n", encoding="utf-8"
        )
    return names


def _read(shard: Path) -> "dict[str, Tensor]":
    """A shard's tensors, each with memory of its own, sorted by name."""
    import pickle

    import torch

    try:
        found = torch.load(shard, map_location="cpu", weights_only=True, mmap=True)
    except (pickle.UnpicklingError, RuntimeError, ValueError, OSError) as error:
        raise InputError(
            f"{shard} is not a plain state dict of tensors ({error}); get another copy."
        ) from error
    if not isinstance(found, dict) or not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise InputError(f"{shard} is not a plain state dict of tensors; get another copy.")
    return {name: found[name].contiguous().clone() for name in sorted(found)}
