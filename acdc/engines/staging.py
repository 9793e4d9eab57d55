"""Weights on their way into an engine that checks nothing itself: looked at first, and written where files are the way."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from acdc.errors import InputError
from acdc.weights.tensors import check_finite, check_like

if TYPE_CHECKING:
    from torch import Tensor

_HEADS = ("lm_head.weight", "embed_out.weight")
_MEMORY_DISK = Path("/dev/shm")
_CONFIGURATION = ("config.json", "generation_config.json")


def checked(weights: "Mapping[str, Tensor]", shapes: Mapping[str, Sequence[int]]) -> "dict[str, Tensor]":
    """All weights of a model, by the checkpoint's names.

    Args:
        weights: A state dict; a head that the checkpoint ties to the embedding is left out.
        shapes: Of the checkpoint's weights.

    Raises:
        InputError: A name is missing or unknown, a shape differs, or a value is NaN or infinite.
    """
    wanted = {name: weights[name] for name in weights if name in shapes or name not in _HEADS}
    check_like({name: wanted[name].shape for name in wanted}, shapes, "the weights to load")
    check_finite(wanted, "the weights to load")
    return wanted


@contextmanager
def staged(weights: "Mapping[str, Tensor]", model_dir: Path) -> Iterator[Path]:
    """A model directory with these weights, for as long as the block lasts; in memory where there is room.

    Args:
        weights: All weights.
        model_dir: Whose configuration is copied.

    Raises:
        InputError: Neither memory nor the disk has room.
    """
    from safetensors.torch import save_file

    size = sum(tensor.numel() * tensor.element_size() for tensor in weights.values())
    places = [*([_MEMORY_DISK] if _MEMORY_DISK.is_dir() else []), Path(tempfile.gettempdir())]
    roomy = [place for place in places if shutil.disk_usage(place).free > 1.1 * size + 2**20]
    if not roomy:
        raise InputError(
            f"a swap writes {size / 1e9:.1f} GB of weights, and neither {' nor '.join(map(str, places))} has room: free "
            "some, or set TMPDIR to a larger disk"
        )
    with tempfile.TemporaryDirectory(prefix="acdc-swap-", dir=roomy[0]) as name:
        directory = Path(name)
        for file in _CONFIGURATION:
            if (model_dir / file).is_file():
                shutil.copy(model_dir / file, directory)
        save_file(dict(weights), directory / "model.safetensors", {"format": "pt"})
        yield directory
