"""Words about a comparison that several tables and the report share; the words themselves are files in `report/`."""

import math
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from acdc.numbers.digits import significant
from reproductions.text.templates import FOLDER

if TYPE_CHECKING:
    from evals.comparison.document import Comparison

VERDICTS = {"better": "task force ahead", "worse": "behind", "undecided": "level"}
NOT_RUN = "not run"


class _Words(NamedTuple):
    """Of one table: its caption, its notes, and phrases by name."""

    caption: str
    notes: list[str]
    phrases: dict[str, str]


@cache
def _texts() -> dict[str, _Words]:
    import yaml

    found = yaml.safe_load((FOLDER / "tables.yaml").read_text(encoding="utf-8"))
    return {
        table: _Words(words.pop("caption", ""), words.pop("notes", []), words)
        for table, words in found.items()
    }


def wording(table: str, comparison: "Comparison", **more: object) -> tuple[str, list[str]]:
    """Caption and notes of a table, with the comparison's numbers filled in."""
    text = _texts()[table]
    values = {**_values(comparison), **more}
    return text.caption.format_map(values), [note.format_map(values) for note in text.notes]


def phrase(table: str, key: str, **values: object) -> str:
    """A single phrase of a table's words."""
    return _texts()[table].phrases[key].format_map(values)


def shown_name(comparison: "Comparison", name: str) -> str:
    """A method's name without the variant that the whole comparison is about."""
    variant = comparison.method(comparison.ours).variant
    return name.replace(f" ({variant})", "")


def short(benchmark: str) -> str:
    """A benchmark's name without the suite's prefix."""
    return benchmark.removeprefix("tiny_").replace("_", " ")


def count(value: float | None) -> str:
    """A large number in three digits: 231168 → 231 k."""
    if value is None or math.isnan(value):
        return "–"
    for factor, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= factor:
            return f"{significant(value / factor, 3)} {unit}"
    return significant(value, 3)


def _values(comparison: "Comparison") -> dict[str, object]:
    shared = {
        "family": comparison.family,
        "confidence": f"{comparison.confidence:.0%}",
        "alpha": f"{comparison.alpha:g}",
        "dropped": comparison.dropped,
        "questions": sum(comparison.benchmarks.values()),
        "benchmarks": len(comparison.benchmarks),
        "runs": len(comparison.runs),
    }
    common = _texts()["common"].phrases
    counts = (
        common["counts"]
        .format_map(shared)
        .replace("seed(s)", "seed" if len(comparison.runs) == 1 else "seeds")
    )
    return {**shared, "counts": counts, "scale": common["scale"].format_map(shared)}
