"""Weights of a run's individuals: in memory while they are used, on disk where they are kept."""

import json
import shutil
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from acdc.files import write_text
from acdc.population.individual import Individual
from acdc.weights.shards import StoredWeights, size_of
from acdc.weights.tensors import DamagedWeightsError, Weights, read_weights, save_weights, weights_hash

IN_MEMORY = 1 << 30  # bytes of weights that are kept in memory; what is beyond is read or bred again


class WeightCache:
    """Keeps weights by the id of their individual.

    Args:
        directory: Where weights are kept: a safetensors file each, or a directory of shards each.
        in_memory: Bytes of weights that may be kept in memory.
        model_bytes: Of one model.

    Attributes:
        whole: Whether models are handled whole: two of them have room in the memory that is granted.
    """

    def __init__(self, directory: Path, in_memory: int, model_bytes: int) -> None:
        self._directory, self._in_memory = directory, in_memory
        self.whole = fits(model_bytes, in_memory)
        self._sound: set[str] = set()  # shards whose hash was compared
        self._memory: OrderedDict[str, Weights] = OrderedDict()

    def path(self, id: str) -> Path:
        """Where an individual's weights are kept."""
        return self._directory / (f"{id}.safetensors" if self.whole else id)

    def find(self, individual: Individual) -> Weights | None:
        """Weights that are in memory or on disk; None where they must be made again."""
        found = self._memory.get(individual.id)
        return self._from_disk(individual) if found is None else found

    def remember(self, id: str, weights: Weights) -> None:
        """Keep weights in memory; those that were used longest ago make room."""
        if isinstance(weights, StoredWeights):
            return
        self._memory[id] = weights
        self._memory.move_to_end(id)
        while len(self._memory) > max(1, self._in_memory // max(size_of(weights), 1)):
            self._memory.popitem(last=False)

    def was_written(self, id: str) -> None:
        """Trust shards that this process has just written."""
        self._sound.add(id)

    def candidates(self, new: Sequence[str], known: Collection[str]) -> set[str]:
        """Candidates so far, in a small file beside their weights.

        Args:
            new: To be added.
            known: Individuals that there are; others in the file are left out.
        """
        path = self._directory / "candidates.json"
        listed = set(json.loads(path.read_text())) if path.is_file() else set()
        if not set(new) <= listed:
            listed |= set(new)
            write_text(path, json.dumps(sorted(listed)))
        return {id for id in listed if id in known}

    def keep_only(self, wanted: Collection[str], write: Callable[[str], None]) -> None:
        """Bring the disk in line: weights of these individuals and of no others.

        Args:
            wanted: Ids.
            write: Writes weights that are missing.
        """
        for id in sorted(wanted):
            if not self.path(id).exists():
                write(id)
        for path in self._directory.iterdir():
            if path.is_dir() and path.name not in wanted:
                shutil.rmtree(path)
            elif path.suffix == ".safetensors" and path.stem not in wanted:
                path.unlink(missing_ok=True)

    def save(self, id: str, weights: Weights) -> None:
        """Write a whole model."""
        save_weights(weights, self.path(id))

    def _from_disk(self, individual: Individual) -> Weights | None:
        """Weights that were kept, if they are there and are the right ones; a damaged file is as good as none."""
        id, layouts = individual.id, (f"{individual.id}.safetensors", individual.id)
        path = next((self._directory / name for name in layouts if (self._directory / name).exists()), None)
        if path is None:
            return None
        try:
            weights: Weights = StoredWeights(path) if path.is_dir() else read_weights(path)
            sound = id in self._sound or weights_hash(weights) == individual.weights_hash
        except DamagedWeightsError:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
            return None
        if sound and path.is_dir():
            self._sound.add(id)
        return weights if sound else None


def fits(model_bytes: int, in_memory: int) -> bool:
    """Whether models of this size are handled whole: two of them have room in the memory that is granted."""
    return 2 * model_bytes <= in_memory
