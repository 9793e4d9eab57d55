"""A Hugging Face model directory of an individual: weights, configuration, tokenizer, chat template, generation settings.

Guarantees: the directory appears whole or not at all, holds no path of this machine, and loads with AutoModelForCausalLM to the very
weights that were given, which is checked by their hash before anything takes its place.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acdc.errors import InfrastructureError, InputError
from acdc.weights.checkpoint import configuration, load_weights
from acdc.weights.tensors import weights_hash

if TYPE_CHECKING:
    from torch import Tensor

_TOKENIZER = (
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "chat_template.jinja",
    "chat_template.json",
)
_PATHS = ("_name_or_path", "name_or_path")  # where the makers of a file left the place they had it at
_SHARD = "5GB"
_ROOM = 32 << 20  # bytes for everything but weights


def require_place(directory: Path, *, force: bool) -> None:
    """Refuse a target that must not be replaced.

    Args:
        directory: Where the model is to be.
        force: Whether a model that is there may be replaced.

    Raises:
        InputError: Something is there.
    """
    if directory.is_file() or directory.is_symlink():
        raise InputError(f"{directory}: a file or link is there; name a directory")
    if not directory.is_dir() or not any(directory.iterdir()):
        return
    if not force:
        raise InputError(f"{directory}: not empty; name another directory, or replace the model with --force")
    if not (directory / "config.json").is_file():
        raise InputError(f"{directory}: holds no config.json, so it is no model that --force may replace")


@contextlib.contextmanager
def replaced(directory: Path) -> Iterator[Path]:
    """A temporary directory beside the target that takes its place at the end; at an error nothing is left of it."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    staging = directory.with_name(f".{directory.name}.{os.getpid()}.tmp")
    old = directory.with_name(f".{directory.name}.{os.getpid()}.old")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    try:
        yield staging
        if directory.is_dir():
            directory.rename(old)
        try:
            staging.rename(directory)
        except OSError:
            if old.is_dir():
                old.rename(directory)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def write_model(directory: Path, weights: "Mapping[str, Tensor]", like: Path, expected: str) -> str:
    """Write everything but the card into an empty directory.

    Args:
        directory: Empty.
        weights: The state dict.
        like: Model directory whose configuration, tokenizer and chat template it shares: the general seed's.
        expected: Hash of the weights.

    Returns:
        The dtype of the weights.

    Raises:
        InfrastructureError: The disk is too small or refuses, or what was written is not what was given.
    """
    size = sum(tensor.numel() * tensor.element_size() for tensor in weights.values())
    free = shutil.disk_usage(directory).free
    if size + _ROOM > free:
        raise InfrastructureError(
            f"{directory.parent}: {(size + _ROOM) / 1e9:.2f} GB are needed and {free / 1e9:.2f} GB are free; "
            "make room or name a directory elsewhere"
        )
    _write_weights(directory, weights)
    dtype = str(max(weights.values(), key=lambda tensor: tensor.numel()).dtype).removeprefix("torch.")
    config = {key: value for key, value in configuration(like).items() if key not in _PATHS}
    for key in {"dtype", *({"torch_dtype"} & set(config))}:
        config[key] = dtype
    _write_json(directory / "config.json", config)
    for name in _TOKENIZER:
        if not (like / name).is_file():
            continue
        if name == "tokenizer_config.json":
            settings = json.loads((like / name).read_text(encoding="utf-8"))
            _write_json(directory / name, {k: v for k, v in settings.items() if k not in _PATHS})
        else:
            shutil.copyfile(like / name, directory / name)
    _write_generation(directory, like)
    if weights_hash(load_weights(directory)) != expected:
        raise InfrastructureError(f"{directory}: what was written differs from the weights; check the disk")
    return dtype


def _write_weights(directory: Path, weights: "Mapping[str, Tensor]") -> None:
    from huggingface_hub import split_torch_state_dict_into_shards
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    tensors = {name: weights[name].detach().contiguous() for name in sorted(weights)}
    plan = split_torch_state_dict_into_shards(
        tensors, max_shard_size=_SHARD, filename_pattern="model{suffix}.safetensors"
    )
    for file, names in plan.filename_to_tensors.items():
        try:
            save_file({name: tensors[name] for name in names}, directory / file, {"format": "pt"})
        except SafetensorError as error:
            raise InfrastructureError(
                f"{directory.parent}: the weights could not be written ({error}); make room, then run again"
            ) from error
    if plan.is_sharded:
        index = {"metadata": plan.metadata, "weight_map": plan.tensor_to_filename}
        _write_json(directory / "model.safetensors.index.json", index)


def _write_generation(directory: Path, like: Path) -> None:
    """The seed's generation settings, with every token that ends an answer here: model's, tokenizer's, its own."""
    from transformers import AutoConfig, AutoTokenizer, GenerationConfig

    config: Any = AutoConfig.from_pretrained(directory, local_files_only=True)
    tokenizer: Any = AutoTokenizer.from_pretrained(directory, local_files_only=True)
    if (like / "generation_config.json").is_file():
        generation: Any = GenerationConfig.from_pretrained(like, local_files_only=True)
    else:
        generation = GenerationConfig.from_model_config(config)
    ends: set[int] = set()
    for source in (generation, config.get_text_config(), tokenizer):
        ids = getattr(source, "eos_token_id", None)
        ends.update([] if ids is None else [ids] if isinstance(ids, int) else ids)
    if ends:
        generation.eos_token_id = ends.pop() if len(ends) == 1 else sorted(ends)
    if generation.pad_token_id is None:
        generation.pad_token_id = tokenizer.pad_token_id
    generation.save_pretrained(directory)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
