"""One line of the doctor's report, and the report as a whole."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

State = Literal["ok", "warn", "missing"]


@dataclass(frozen=True)
class Check:
    """One line of the doctor's report.

    Attributes:
        name: What was looked at.
        state: ok, warn or missing.
        detail: What is there.
        fix: How to get what is not; empty where nothing is wrong.
        needed: Whether the embedded family cannot do without it.
    """

    name: str
    state: State
    detail: str
    fix: str = ""
    needed: bool = False


def healthy(checks: Sequence[Check]) -> bool:
    """Whether everything that the embedded family needs is there."""
    return all(check.state != "missing" for check in checks if check.needed)


def as_json(checks: Sequence[Check]) -> str:
    """The report for programs."""
    rows = [
        {"mend" if key == "fix" else key: value for key, value in asdict(check).items()} for check in checks
    ]
    return json.dumps({"healthy": healthy(checks), "checks": rows}, indent=2, ensure_ascii=False)


def as_text(check: Check) -> str:
    """One check for people: a line, and one more that says how to fix it."""
    line = f"{check.state:8}{check.name:22}{check.detail}"
    return f"{line}\n{'':30}→ {check.fix}" if check.fix else line
