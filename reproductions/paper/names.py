"""What the published tables call what is measured here: benchmarks, families and methods (names.yaml)."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from acdc.parsing.section import Section
from acdc.parsing.yaml import read_yaml_file

NAMES = Path(__file__).parent / "names.yaml"


class Names(Section):
    """names.yaml, described there."""

    benchmarks: dict[str, str]
    families: dict[str, str]
    pooled: tuple[str, ...]
    methods: dict[str, str]
    tables: dict[str, dict[str, str]]
    differences: dict[str, tuple[str, str]]
    coverage: tuple[str, ...]
    best_of_n: tuple[str, ...]
    left_out: dict[str, tuple[str, ...]]
    selector: str

    def method(self, table: str, label: str) -> str | None:
        """What a row label stands for in a table; None: nothing here."""
        return self.tables.get(table, {}).get(label, self.methods.get(label))


@cache
def names() -> Names:
    """The file."""
    return Names.model_validate(read_yaml_file(NAMES))


def printed_benchmark(name: str) -> str:
    """How a table prints a benchmark of ours; the name itself where none does."""
    return names().benchmarks.get(name, name)


def our_benchmark(printed: str, benchmarks: Iterable[str]) -> str | None:
    """Which of the measured benchmarks a printed name stands for; None if none does."""
    for name in benchmarks:
        if plain(printed) in (plain(name), plain(printed_benchmark(name))):
            return name
    return None


def plain(name: str) -> str:
    """A name without case and marks: "MMLU-judge" and "mmlu_judge" are the same."""
    return "".join(character for character in name.casefold() if character.isalnum())
