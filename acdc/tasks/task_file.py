"""Tasks from a file of JSON lines: published data, or the tasks of another run, as a pool that does not evolve.

One record a line, UTF-8, of one of two forms; a key that is not listed is an error:

    {"id": "gsm-17", "group": "arithmetic", "score": "number", "instructions": "What is 3 times 4?", "reference": "12"}
    {"id": "mine-3", "group": "strings", "source": "class TaskFamily: …", "reference": "Answer: tac", "is_code": false}

    id            unique in the file; a task's name in the run
    group         its niche: what CycleQD's grids are made of
    score         how an answer is judged, after it was extracted from the reply (:mod:`acdc.judging.extract`):
                  exact    equal to the reference but for white space
                  number   its last number equals the reference's to one millionth of it
                  choice   begins with the reference's letter: "B", "(B)", "B. because"
    instructions  what is asked
    reference     the right answer; with a `source` a reply to its first example that its `score` gives 1
    source        Python that defines a class TaskFamily, instead of score and instructions; it runs in the sandbox
    is_code       the whole reply is the submission (with a `source` only; default false)
    capability, description, difficulty    for readers; optional

Guarantees: a file is read whole or refused, with the numbers of the lines that are at fault; nothing of it runs here.
"""

import hashlib
import json
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from acdc.errors import InputError
from acdc.files import write_text
from acdc.parsing.section import Section
from acdc.parsing.validation import describe
from acdc.tasks.scientist import Draft
from acdc.tasks.task_family import TaskFamily

RULES = Path(__file__).parent / "rules"
_MOST_FAULTS = 10
Text = Annotated[str, Field(min_length=1)]


class Record(Section):
    """One line of the file; fields as above."""

    model_config = ConfigDict(strict=True)

    id: Text
    group: Text
    reference: str
    score: Literal["exact", "number", "choice"] | None = None
    instructions: str = ""
    source: str = ""
    is_code: bool = False
    capability: str = ""
    description: str = ""
    difficulty: int = Field(3, ge=1, le=5)

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if self.source:
            if self.score or self.instructions:
                raise ValueError("source contains score and instructions; do not give them again")
            return self
        if self.score is None:
            raise ValueError("needs score (exact, number or choice), or source")
        if self.is_code:
            raise ValueError("is_code works only with source")
        if not self.instructions.strip():
            raise ValueError("needs instructions, which are not empty")
        if not self.reference.strip():
            raise ValueError("needs a reference that is not empty")
        if self.score == "number" and not any(digit.isdigit() for digit in self.reference):
            raise ValueError(f"score number needs a number as reference, got {self.reference!r:.40}")
        if self.score == "choice" and (
            len(self.reference) != 1 or self.reference not in string.ascii_uppercase
        ):
            raise ValueError(
                f"score choice needs one capital letter as reference, got {self.reference!r:.40}"
            )
        return self

    @property
    def draft(self) -> Draft:
        """The record as a task family that is still to be checked."""
        what = self.description or f"{self.id}, from a file of tasks."
        return Draft(
            source=self.source or self._by_rule(what),
            name=self.id,
            description=what,
            capability=self.capability or self.group,
            difficulty=self.difficulty,
            example_instruction=self.instructions,
            is_code=self.is_code,
            # As a reply from which nothing but itself is extracted.
            solution=self.reference if self.source else f"Answer: {self._one_line()}",
        )

    def _one_line(self) -> str:
        return " ".join(self.reference.split())

    def _by_rule(self, description: str) -> str:
        """The family of a record without source: its rule's file, filled in."""
        template = string.Template((RULES / f"{self.score}.txt").read_text("utf-8"))
        record = {"1": {"instructions": self.instructions, "reference": self._one_line()}}
        said = json.dumps(description, ensure_ascii=True)[1:-1]  # safe between the quotes of a docstring
        return template.substitute(description=said, records=repr(record))


def content_hash(path: Path) -> str:
    """Hash of the file's bytes, for the settings hash of a run.

    Raises:
        InputError: It is not there.
    """
    return hashlib.blake2b(_bytes(path), digest_size=16).hexdigest()


def read(path: Path) -> list[Record]:
    """All records, in order.

    Raises:
        InputError: The file is not there, empty, not UTF-8, or a line is no record, with line numbers.
    """
    data = _bytes(path)
    records: list[Record] = []
    first: dict[str, int] = {}
    faults: list[str] = []
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        found = _record(line, number)
        if not isinstance(found, Record):
            faults += found
        elif found.id in first:
            faults.append(f"line {number}: id {found.id!r} stands in line {first[found.id]} already")
        else:
            first[found.id] = number
            records.append(found)
    if faults:
        more = len(faults) - _MOST_FAULTS
        shown = [*faults[:_MOST_FAULTS], *([f"and {more} more"] if more > 0 else [])]
        raise InputError("\n".join(f"{path}: {fault}" for fault in shown))
    if not records:
        raise InputError(f"{path}: empty; the file must have one JSON object in each line (docs/variants.md)")
    return records


def as_record(task: TaskFamily) -> Record:
    """A task of a run as a record that :func:`read` takes.

    Args:
        task: An accepted task family; its reference is a reply that nothing else is extracted from.
    """
    return Record(
        id=task.id,
        group=task.niche or "tasks",
        reference=task.reference,
        source=task.source,
        is_code=task.is_code,
        capability=task.capability,
        description=task.description,
        difficulty=min(5, max(1, task.difficulty)),
    )


def write(path: Path, records: Sequence[Record]) -> None:
    """Write a file of tasks, whole or not at all; its folder is made."""
    lines = [json.dumps(one.model_dump(exclude_defaults=True), ensure_ascii=False) for one in records]
    write_text(path, "".join(f"{line}\n" for line in lines))


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise InputError(
            f"{path}: no such file of tasks (evolution.tasks.source); make one with "
            f"`acdc task export RUN --to {path}`, or write one (docs/variants.md)"
        )
    return path.read_bytes()


def _record(line: bytes, number: int) -> Record | list[str]:
    try:
        value: Any = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError as error:
        return [f"line {number}: not UTF-8 ({error.reason} at byte {error.start} of the line)"]
    except (ValueError, RecursionError) as error:
        return [f"line {number}: no JSON ({error})"]
    if not isinstance(value, dict):
        return [f"line {number}: expected a JSON object, got {value!r:.40}"]
    try:
        return Record.model_validate(value)
    except ValidationError as error:
        return [f"line {number}: {fault}" for fault in describe(error, Record, "")]
