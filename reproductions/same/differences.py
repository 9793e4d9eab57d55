"""Two pipelines, cell by cell. A cell that only one of them has differs, too."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reproductions.same.cells import KINDS, WEIGHTS, Cells, Key, files, read_cells

ABSENT = "not there"
SHOWN = 3  # differences of a kind that are kept


@dataclass(frozen=True)
class Difference:
    """One cell that differs.

    Attributes:
        where: The file, relative to both directories.
        key: Of the cell.
        first: What the first pipeline has there.
        second: What the second has.
        replies: Both whole replies, where they are at hand.
    """

    where: str
    key: Key
    first: str
    second: str
    replies: tuple[str, str] | None = None


@dataclass
class CellCounts:
    """Cells of one kind.

    Attributes:
        compared: How many.
        different: How many of them differ.
        places: Files with cells that differ, and how many there.
        shown: The first few.
    """

    compared: int = 0
    different: int = 0
    places: Counter[str] = field(default_factory=Counter)
    shown: list[Difference] = field(default_factory=list)


@dataclass(frozen=True)
class Agreement:
    """How two pipelines agree.

    Attributes:
        counts_by_kind: By kind, in the order of KINDS.
        weights: Of the children's weights; last bits may differ where no answer does.
    """

    counts_by_kind: dict[str, CellCounts]
    weights: CellCounts

    @property
    def compared(self) -> int:
        """Cells of all kinds."""
        return sum(counts.compared for counts in self.counts_by_kind.values())

    @property
    def different(self) -> int:
        """Those of them that differ."""
        return sum(counts.different for counts in self.counts_by_kind.values())


def agreement(first: Path, second: Path, sizes: Sequence[int]) -> Agreement:
    """Compare what two pipelines left.

    Args:
        first: Directory of one.
        second: Of the other.
        sizes: N that the main table shows.

    Raises:
        InputError: A file is damaged.
    """
    counts_by_kind = {kind: CellCounts() for kind in (*KINDS, WEIGHTS)}
    for where in dict.fromkeys([*files(first), *files(second)]):
        for ours, theirs in _paired(read_cells(first, where, sizes), read_cells(second, where, sizes)):
            _count(counts_by_kind[ours.kind], ours, theirs)
    return Agreement({kind: counts_by_kind[kind] for kind in KINDS}, counts_by_kind[WEIGHTS])


def _paired(first: Sequence[Cells], second: Sequence[Cells]) -> Iterator[tuple[Cells, Cells]]:
    """Cells of the same kind; one side is empty where only the other has the file."""
    there = {cells.kind: cells for cells in second}
    here = {cells.kind: cells for cells in first}
    for kind in dict.fromkeys([*here, *there]):
        both = here.get(kind), there.get(kind)
        where = next(cells.where for cells in both if cells is not None)
        ours, theirs = (Cells(kind, where, {}) if cells is None else cells for cells in both)
        yield ours, theirs


def _count(counts: CellCounts, first: Cells, second: Cells) -> None:
    for key in dict.fromkeys([*first.values, *second.values]):
        counts.compared += 1
        one, other = first.values.get(key, ABSENT), second.values.get(key, ABSENT)
        if one == other:
            continue
        counts.different += 1
        counts.places[first.where] += 1
        if len(counts.shown) < SHOWN:
            both = first.replies.get(key), second.replies.get(key)
            replies = None if both[0] is None or both[1] is None else (both[0], both[1])
            counts.shown.append(Difference(first.where, key, one, other, replies))
