"""Weights on disk, read and written one tensor at a time, in the layout of Hugging Face model directories.

`StoredWeights` is a mapping whose tensors are read when they are asked for; `write_shards` takes tensors as they come and holds
one shard of them. Together with `acdc.population.breeding` a model of any size is bred, hashed, written and loaded without ever being whole
in memory.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from acdc.weights.checkpoint import shapes, shards
from acdc.weights.tensors import DamagedWeightsError, Weights, WeightsDigest

if TYPE_CHECKING:
    from torch import Tensor

_LARGEST_SHARD = 2 << 30  # bytes
_SMALLEST_SHARD = 64 << 20
_PARTS = 16  # a large model has about so many shards or more, so that one of them is little beside the whole


class Header(NamedTuple):
    """Shape and torch dtype ("bfloat16") of a tensor."""

    shape: tuple[int, ...]
    dtype: str

    @property
    def bytes(self) -> int:
        """Size of its data."""
        import torch

        size: int = getattr(torch, self.dtype).itemsize
        return prod(self.shape) * size


class StoredWeights(Mapping[str, "Tensor"]):
    """The weights of a model directory by sorted name, each read when it is asked for and not kept.

    A tensor is a view of the file's pages, which the operating system may drop again. It must not be written to.

    Args:
        directory: A Hugging Face model directory.

    Raises:
        InputError: A shard is missing, truncated or corrupt.
    """

    def __init__(self, directory: Path) -> None:
        from safetensors import SafetensorError, safe_open

        self.directory, self._names = directory, list(shapes(directory))
        self._files: dict[str, Any] = {}
        for shard in shards(directory):
            try:
                file = safe_open(shard, framework="pt")
            except (SafetensorError, OSError) as error:
                raise DamagedWeightsError(
                    f"{shard} is truncated or corrupt ({error}); delete it and make it again."
                ) from error
            self._files.update(dict.fromkeys(list(file.keys()), file))  # type: ignore[no-untyped-call]

    def __getitem__(self, name: str) -> "Tensor":
        from safetensors import SafetensorError

        try:
            tensor: Tensor = self._files[name].get_tensor(name)
        except (SafetensorError, OSError) as error:
            raise DamagedWeightsError(f"{self.directory}: {name!r} can't be read ({error}).") from error
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __reduce__(self) -> tuple[Callable[[Path], "StoredWeights"], tuple[Path]]:
        return StoredWeights, (self.directory,)  # another process opens the files itself


def headers(weights: Weights) -> dict[str, Header]:
    """What is known of each tensor without its values, by sorted name."""
    return {
        name: Header(tuple(weights[name].shape), str(weights[name].dtype).removeprefix("torch."))
        for name in sorted(weights)
    }


def size_of(weights: Weights) -> int:
    """Bytes of all tensors."""
    return sum(header.bytes for header in headers(weights).values())


def write_shards(
    tensors: "Iterable[tuple[str, Tensor]]",
    expected: Mapping[str, Header],
    directory: Path,
    accept: Callable[[str, Path], None] = lambda found, where: None,
) -> str:
    """Write a model directory from tensors as they come; it is there whole or not at all.

    Args:
        tensors: (name, tensor) in sorted order of the names.
        expected: What will come; decides how many shards there are.
        directory: Replaced if it is there. Weights only: a model that is asked needs config.json and a tokenizer, too.
        accept: Told the weights hash, and where the shards lie until then, before anything is replaced; may raise, and then nothing is.

    Returns:
        The weights hash.
    """
    from huggingface_hub import constants, split_state_dict_into_shards_factory

    total = sum(header.bytes for header in expected.values())
    split = split_state_dict_into_shards_factory(
        dict(expected),
        get_storage_size=lambda header: header.bytes,
        filename_pattern="model{suffix}.safetensors",
        max_shard_size=min(_LARGEST_SHARD, max(total // _PARTS, _SMALLEST_SHARD)),
    )
    directory.parent.mkdir(parents=True, exist_ok=True)
    staging = directory.with_name(f".{directory.name}.{os.getpid()}.tmp")
    shutil.rmtree(staging, ignore_errors=True)
    try:
        staging.mkdir()
        digest = _write(tensors, split.tensor_to_filename, split.filename_to_tensors, staging)
        if split.is_sharded:
            index = {"metadata": {"total_size": total}, "weight_map": split.tensor_to_filename}
            (staging / constants.SAFETENSORS_INDEX_FILE).write_text(
                json.dumps(index, indent=1) + "\n", encoding="utf-8"
            )
        accept(digest, staging)
        shutil.rmtree(directory, ignore_errors=True)
        staging.replace(directory)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return digest


def _write(
    tensors: "Iterable[tuple[str, Tensor]]",
    file_of: Mapping[str, str],
    names_of: Mapping[str, list[str]],
    directory: Path,
) -> str:
    from safetensors.torch import save_file

    digest = WeightsDigest()
    open_shards: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors:
        digest.add(name, tensor)
        file = file_of[name]
        shard = open_shards.setdefault(file, {})
        shared = any(tensor.data_ptr() == other.data_ptr() for other in shard.values())
        shard[name] = tensor.clone() if shared else tensor.contiguous()
        if len(shard) == len(names_of[file]):
            save_file(shard, directory / file, {"format": "pt"})
            with (directory / file).open("rb") as written:
                os.fsync(written.fileno())
            del open_shards[file], shard
    if open_shards:
        raise ValueError(f"tensors of {sorted(open_shards)} did not come")
    return digest.hexdigest()
