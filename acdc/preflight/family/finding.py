"""What a check found: fine, worth knowing, or in the way."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "note", "warning", "error", "access"]


@dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes:
        level: "ok"; "note": handled, good to know; "warning": it runs, but look at it; "error": it cannot run; "access": it
            could run once you have access.
        check: Which check.
        says: What was found, and what to do about it.
        part: Which part of the family it is about; empty: all of it.
    """

    level: Level
    check: str
    says: str
    part: str = ""

    def __str__(self) -> str:
        about = f"{self.check}, {self.part}" if self.part else self.check
        return f"{self.level:8} {about}: {self.says}"
