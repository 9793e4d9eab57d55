"""A task family: Python source in a simplified METR standard, and what is known about it.

The source defines a class ``TaskFamily`` with static ``get_tasks() -> dict[str, dict]``, ``get_instructions(t) -> str`` and
``score(t, submission) -> float | None``. It is text here and runs in the sandbox only.

Ids follow the order of requests ("t0017" is the eighteenth request of a run), never the order of completion, a clock or a
hash, so that a run killed and resumed names its tasks as one that was never killed.

Source: arXiv:2604.14969v1, section 3 and appendix; https://github.com/METR/task-standard.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self

Kind = Literal["seed", "novel", "similar", "harder", "easier", "related", "free"]

JSON = None | bool | int | float | str | list["JSON"] | dict[str, "JSON"]


def canonical(value: JSON) -> str:
    """The one JSON text of a value: sorted keys, no spaces, UTF-8 as it is, no nan (raises ValueError)."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def task_id(number: int) -> str:
    """The id of the ``number``-th request of a run (0-based)."""
    return f"t{number:04d}"


def age(identity: str) -> int:
    """The number of the request that a task came from: older tasks have smaller ones, past t9999 too."""
    return int(identity[1:])


@dataclass(frozen=True)
class Provenance:
    """Where a task came from.

    Attributes:
        parent: Id of the task that it was made from; None for seeds.
        kind: What was asked for.
        generation: Generation of the run in which it was asked for.
        parent_pass_rate: Share of the archive that passed the parent then, in [0, 1]; None where none was measured.
    """

    parent: str | None
    kind: Kind
    generation: int
    parent_pass_rate: float | None = None


@dataclass(frozen=True)
class Example:
    """One task of a family, as the sandbox described it when the family was accepted."""

    task: str
    instructions: str


@dataclass(frozen=True)
class TaskFamily:
    """An accepted task family.

    Attributes:
        id: Unique in a run, in order of requests.
        source: Python text that defines the class ``TaskFamily``.
        name: A few words.
        description: What is to be done, in a sentence or two.
        capability: What it measures.
        difficulty: Estimated difficulty for a human, 1 to 5.
        example_instruction: What the first example asks, word for word.
        reference: The scientist's accepted solution of the first example, as ``score`` received it. A ``score`` that fails
            on it is at fault itself.
        is_code: The whole reply is the submission, nothing is extracted from it.
        provenance: Where it came from.
        examples: The first examples (``examples_per_task`` of them), so that prompts are made without running the source.
        group: What its file says it belongs to; empty for tasks that a scientist wrote.
    """

    id: str
    source: str
    name: str
    description: str
    capability: str
    difficulty: int
    example_instruction: str
    reference: str
    is_code: bool
    provenance: Provenance
    examples: tuple[Example, ...] = ()
    group: str = ""

    @property
    def niche(self) -> str:
        """What it is a task of: its group, or the domain of its capability ("strings" of "strings: reverse")."""
        return self.group or self.capability.partition(":")[0].strip().lower()

    @property
    def content_hash(self) -> str:
        """128-bit blake2b of everything but id and provenance: equal tasks of two runs have equal hashes."""
        content = {name: value for name, value in self.to_json().items() if name not in ("id", "provenance")}
        return hashlib.blake2b(canonical(content).encode(), digest_size=16).hexdigest()

    @property
    def text(self) -> str:
        """What novelty is judged by: the words about the task and its first instruction, without the source."""
        return "\n".join((self.name, self.description, self.capability, self.example_instruction))

    def to_json(self) -> dict[str, JSON]:
        """Plain JSON values; :meth:`from_json` gives the task back."""
        value: dict[str, JSON] = {**asdict(self), "examples": [asdict(example) for example in self.examples]}
        if not self.group:
            del value["group"]
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The task that :meth:`to_json` wrote."""
        fields = dict(value)
        fields["provenance"] = Provenance(**fields["provenance"])
        fields["examples"] = tuple(Example(**example) for example in fields["examples"])
        return cls(**fields)

    def renamed(self, identity: str) -> Self:
        """The same task under another id."""
        return replace(self, id=identity)
