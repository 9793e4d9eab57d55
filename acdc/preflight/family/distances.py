"""How far the seeds lie from each other, and what that said about the published families.

The paper prints one number for a family (App. J.1): the smallest pairwise L2 distance of its seeds over the largest. Small: at
least two seeds are close, compared with the rest, and merge into something sound; near 1: all lie apart. It was printed for five sets of
seeds, and predicts nothing by itself: see published_ratios.yaml.

Guarantees: tensors are read one by one from the files, so memory stays at two tensors; differences in fp32, sums in fp64.
"""

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from acdc.numbers.digits import fixed, significant
from acdc.parsing.yaml import read_yaml_file
from acdc.preflight.family.finding import Finding
from acdc.weights.checkpoint import load_tensor, shapes

if TYPE_CHECKING:
    from torch import Tensor

PUBLISHED = Path(__file__).parent / "published_ratios.yaml"
_CHUNK = 1 << 24  # numbers compared at a time


class Published(NamedTuple):
    """A printed ratio, and what AC/DC with 8 models gained there over 8 answers of the general seed (points of coverage)."""

    seeds: str
    ratio: float
    gain: float | None


@dataclass(frozen=True)
class Distances:
    """Pairwise distances.

    Attributes:
        pairs: L2 distance of all weights of two seeds, by their names.
        ratio: The smallest over the largest; None with fewer than three seeds, or where all are equal.
    """

    pairs: dict[tuple[str, str], float]
    ratio: float | None


def distances(directories: Mapping[str, Path], progress: Callable[[int, int], None]) -> Distances:
    """Pairwise L2 distances, over the tensors that all have; of other vocabularies the rows that both have.

    Args:
        directories: Model directory of each seed.
        progress: Told of tensors done, and of how many.
    """
    found = {name: shapes(directory) for name, directory in directories.items()}
    common = sorted(set.intersection(*(set(names) for names in found.values())))
    pairs = list(itertools.combinations(directories, 2))
    squares = dict.fromkeys(pairs, 0.0)
    for done, tensor in enumerate(common):
        for one, other in pairs:
            first, second = (load_tensor(directories[name], tensor) for name in (one, other))
            squares[one, other] += _square(first, second)
        progress(done + 1, len(common))
    lengths = {pair: math.sqrt(square) for pair, square in squares.items()}
    largest = max(lengths.values(), default=0.0)
    ratio = min(lengths.values()) / largest if len(lengths) > 1 and largest > 0 else None
    return Distances(lengths, ratio)


def _square(first: "Tensor", second: "Tensor") -> float:
    import torch

    if first.shape[1:] != second.shape[1:]:
        return 0.0
    rows = min(len(first), len(second)) if first.dim() else None
    one, other = (
        (tensor[:rows].reshape(-1) for tensor in (first, second)) if rows is not None else (first, second)
    )
    total = 0.0
    for start in range(0, one.numel(), _CHUNK):
        difference = (
            one.reshape(-1)[start : start + _CHUNK].float()
            - other.reshape(-1)[start : start + _CHUNK].float()
        )
        total += float(difference.to(torch.float64).square().sum())
    return total


def published() -> list[Published]:
    """The printed ratios, smallest first."""
    return sorted((Published(**row) for row in read_yaml_file(PUBLISHED)), key=lambda row: row.ratio)


def distance_finding(found: Distances) -> Finding:
    """What the ratio says, and how little."""
    lengths = ", ".join(f"{a}–{b} {significant(length, 4)}" for (a, b), length in found.pairs.items())
    if found.ratio is None:
        return Finding("note", "distances", f"{lengths or 'one seed'}; a ratio needs three seeds that differ")
    printed = published()
    failed = max((row for row in printed if row.gain is not None), key=lambda row: row.ratio)
    near = min((printed[0], failed), key=lambda row: abs(row.ratio - found.ratio))  # type: ignore[operator]
    listed = "; ".join(f"{row.seeds} {fixed(row.ratio, 3)} ({_gain(row)})" for row in printed)
    said = (
        f"smallest / largest = {fixed(found.ratio, 3)} ({lengths}), nearer to {near.seeds}'s {near.ratio:.3f} than to the other end. "
        f"Printed, with the gain over Control at N = 8: {listed}. The paper takes a large ratio for a bad sign; five sets of "
        "seeds do not make it a test"
    )
    return Finding("note", "distances", said)


def _gain(row: Published) -> str:
    return (
        "gain not printed"
        if row.gain is None
        else f"{fixed(row.gain, 2, plus=True)} points".replace("-", "−")
    )
