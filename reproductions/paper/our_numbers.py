"""What this project measured, asked for by the labels of the published tables.

Guarantees: a number is given only if every benchmark that it is a mean of was measured; otherwise the reason is given. Best-of-N
comes from the section `best_of_n` of a comparison, and is not measured where that has none.
"""

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acdc.errors import InputError
from acdc.storage.layout import Layout
from reproductions.load import comparison_file
from reproductions.paper.names import names, our_benchmark

if TYPE_CHECKING:
    from evals.comparison.document import Comparison

Values = dict[str, float]


@dataclass(frozen=True)
class OurNumbers:
    """A family's comparison and where it lies."""

    comparison: "Comparison"
    where: str

    def values(self, table: str, label: str, n: int, *, picked: bool) -> Values | str:
        """Percent for each of our benchmarks, or why there is none.

        Args:
            table: For labels that mean something else elsewhere.
            label: Of the row.
            n: Answers a question.
            picked: One final answer of them, instead of coverage.

        Raises:
            InputError: The label means several methods of the comparison.
        """
        pattern = names().method(table, label)
        if pattern is None:
            return f"{label}: no counterpart here"
        methods = [
            method
            for method in self.comparison.methods
            if fnmatch.fnmatchcase(method.id, pattern) or fnmatch.fnmatchcase(method.name, pattern)
        ]
        if len(methods) > 1:
            raise InputError(
                f"{table}: {label!r} means {' and '.join(method.id for method in methods)} of {self.where}"
            )
        if not methods:
            return f"{label}: not measured ({pattern})"
        if picked and n > 1:
            return self._picked(methods[0].id, label, n)
        found = next((at.benchmarks for at in methods[0].coverage if at.n == n), None)
        return f"{label}: not measured at N = {n}" if found is None else _percent(found)

    def _picked(self, method: str, label: str, n: int) -> Values | str:
        document: dict[str, Any] = self.comparison.model_dump()
        rows = (document.get("best_of_n") or {}).get("rows", [])
        for row in rows:
            if (row["method"], row["n"], row["selector"]) == (method, n, names().selector):
                return _percent(row["benchmarks"])
        return f"{label}: no final answer was picked by {names().selector!r} at N = {n}"


def read_our_numbers(layouts: Iterable[Layout]) -> dict[str, OurNumbers]:
    """Comparisons by the family's printed name; the first place that has one counts.

    Raises:
        InputError: A file is no comparison of this version.
    """
    from pydantic import ValidationError

    from evals.comparison.document import Comparison

    found: dict[str, OurNumbers] = {}
    for layout in layouts:
        for ours, printed in names().families.items():
            path = comparison_file(layout, ours)
            if printed in found or not path.is_file():
                continue
            try:
                comparison = Comparison.model_validate_json(path.read_bytes())
            except ValidationError as error:
                raise InputError(
                    f"{path}: no comparison of this version ({error.error_count()} faults)"
                ) from None
            found[printed] = OurNumbers(comparison, str(path))
    return found


def of_benchmark(values: Values, printed: str) -> float | None:
    """One benchmark by its printed name; None where it was not measured."""
    ours = our_benchmark(printed, values)
    return None if ours is None else values[ours]


def mean_of(values: Values, printed: Sequence[str]) -> float | None:
    """The mean over benchmarks by their printed names; None if one of them was not measured."""
    found = [of_benchmark(values, name) for name in printed]
    there = [value for value in found if value is not None]
    return sum(there) / len(there) if there and len(there) == len(found) else None


def _percent(shares: Values) -> Values:
    return {name: 100 * value for name, value in shares.items()}
