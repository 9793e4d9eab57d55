"""Lists of the questions that need their options, built by a rule and a judge model (read: :mod:`evals.benchmarks.option_list`).

A list that is being built lies beside it as `<name>.part`, one line for each verdict on arrival; building goes on from there.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from acdc.errors import InfrastructureError, InputError
from acdc.files import write_text
from acdc.numbers.digits import in_percent
from evals.benchmarks.functions import named
from evals.benchmarks.judge.needs_options import RULE_VERSION, prompts, rule
from evals.benchmarks.judge.open_form import OpenForm
from evals.benchmarks.local_data import Row, sound_records
from evals.benchmarks.option_list import FORMAT, record_hash

_BATCH = 64  # questions between two writes


class Asker(Protocol):
    """Says whether questions need their options; None: no verdict."""

    def judge(self, forms: Sequence[OpenForm]) -> list[bool | None]:
        """One for each question, in order."""
        ...


class Decision(NamedTuple):
    """What is said of a question.

    Attributes:
        needs_options: Whether it needs them.
        by: "rule", "judge", or "nobody" (left out because no verdict came).
    """

    needs_options: bool
    by: str


class Plan(NamedTuple):
    """What building a list takes.

    Attributes:
        head: What the list is made with.
        decided: Decisions there are already: the rule's, and those of an interrupted build.
        open: What is to be asked, by the record's hash.
        records: Hashes of all records, in order.
    """

    head: dict[str, Any]
    decided: dict[str, Decision]
    open: dict[str, OpenForm]
    records: list[str]


def plan(benchmark: str, metadata: Mapping[str, Any], records: Path, out: Path, judge: str | None) -> Plan:
    """What is to be decided, and what is already.

    Args:
        benchmark: Its name.
        metadata: Of its task.
        records: Its records, in their original fields.
        out: The list to be.
        judge: Who is asked where the rule does not settle it; None: no model, and those questions stay.

    Raises:
        InputError: The benchmark asks with options, or the records are not what they should be.
    """
    if "open_form" not in metadata:
        raise InputError(f"{benchmark} needs no filter: it asks its questions with their options")
    form: Callable[[Row], OpenForm] = named(metadata["open_form"])
    rows = sound_records(records, metadata)
    for number, row in enumerate(rows, 1):
        row.setdefault("id", number)
    forms = {record_hash(row, metadata): form(row) for row in rows}
    head = {
        "format": FORMAT,
        "benchmark": benchmark,
        "rule": RULE_VERSION,
        "judge": judge,
        "prompt": prompts().version if judge else None,
    }
    decided = {}
    for digest, one in forms.items():
        said = rule(one)
        if said is not None or judge is None:
            decided[digest] = Decision(bool(said), "rule")
    begun = {digest: Decision(needs, "judge") for digest, needs in _begun(out, head) if digest in forms}
    decided = begun | decided
    open_ = {digest: one for digest, one in forms.items() if digest not in decided}
    return Plan(head, decided, open_, list(forms))


def build(
    made: Plan,
    out: Path,
    asker: Asker | None,
    max_missing: float,
    progress: Callable[[int], None] = lambda done: None,
) -> Counter[str]:
    """Ask what is open, and write the list.

    Args:
        made: Of :func:`plan`.
        out: The list.
        asker: The judge; may be None where nothing is open.
        max_missing: Largest share of questions without a verdict; they are left out of what is asked.
        progress: Called with how many verdicts came.

    Returns:
        How many questions need their options, by who said so ("rule", "judge", "nobody"), and under "records" how many there are.

    Raises:
        InfrastructureError: Too many verdicts are missing, or the judge can't be asked; what came is kept.
    """
    decided = dict(made.decided)
    open_ = list(made.open.items())
    if open_ and asker is not None:
        begun = [
            _json(made.head),
            *(_line(digest, one) for digest, one in decided.items() if one.by == "judge"),
        ]
        _replace(_part(out), begun)
        with _part(out).open("a", encoding="utf-8") as part:
            for first in range(0, len(open_), _BATCH):
                batch = open_[first : first + _BATCH]
                for (digest, _), needs in zip(batch, asker.judge([one for _, one in batch]), strict=True):
                    if needs is not None:
                        decided[digest] = Decision(needs, "judge")
                        part.write(_line(digest, decided[digest]))
                part.flush()
                os.fsync(part.fileno())
                progress(len(batch))
    missing = [digest for digest in made.records if digest not in decided]
    if len(missing) > max_missing * len(made.records):
        raise InfrastructureError(
            f"{len(missing)} of {len(made.records)} questions have no verdict ({in_percent(len(missing) / len(made.records))}%, allowed "
            f"{in_percent(max_missing)}%); the others are kept in {_part(out)}, start the command again"
        )
    decided |= dict.fromkeys(missing, Decision(True, "nobody"))
    head = {**made.head, "records": len(made.records)}
    _replace(out, [_json(head), *(_line(digest, decided[digest]) for digest in sorted(made.records))])
    _part(out).unlink(missing_ok=True)
    counts = Counter(decision.by for decision in decided.values() if decision.needs_options)
    counts["records"] = len(made.records)
    return counts


def _line(digest: str, decision: Decision) -> str:
    return _json({"record": digest, **decision._asdict()})


def _json(row: Mapping[str, object]) -> str:
    return json.dumps(row) + "\n"


def _replace(path: Path, lines: Sequence[str]) -> None:
    write_text(path, "".join(lines))


def _part(out: Path) -> Path:
    return out.with_name(out.name + ".part")


def _begun(out: Path, head: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Verdicts of an interrupted build with the same rule, judge and prompt; a build with another is begun anew."""
    part = _part(out)
    if not part.is_file():
        return
    lines = []
    for line in part.read_text("utf-8", errors="replace").split("\n"):
        try:
            lines.append(json.loads(line))
        except ValueError:
            break  # a kill in the middle of a line
    if lines and lines[0] == head:
        yield from ((str(line["record"]), bool(line["needs_options"])) for line in lines[1:])
