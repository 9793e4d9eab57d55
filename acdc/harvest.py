"""What a run's scientist and its judge of gibberish were good for, counted over a finished run.

A model that writes no valid task and no verdict ends no run: seed tasks remain, statistics decide. Nobody may take such a run for what
it is not, so the command that ends it says so.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from acdc.llm_gibberish import NO_VERDICT
from acdc.store import RunStore


@dataclass(frozen=True)
class Harvest:
    """Counts over a run.

    Attributes:
        accepted: Tasks that the scientist wrote and that passed their checks, seed tasks left out.
        rejected: Requests that gave none, by reason.
        judged: Individuals that were judged for gibberish.
        silent: Of these, those on whom a language model gave no verdict.
    """

    accepted: int
    rejected: dict[str, int]
    judged: int
    silent: int

    @property
    def reasons(self) -> str:
        """Rejections for a person: "full 4, parse 2"."""
        return ", ".join(f"{reason} {count}" for reason, count in self.rejected.items())

    def warnings(self, run: Path) -> list[str]:
        """What a person should know before believing the run."""
        found = []
        if self.rejected and not self.accepted:
            found.append(
                f"none of the {sum(self.rejected.values())} tasks that the scientist was asked for passed its checks ({self.reasons}): "
                f"models evolved on seed tasks alone. `acdc transcript {run}` prints what a language model said"
            )
        if self.silent * 2 >= self.judged > 0:
            found.append(
                f"the judge of gibberish gave no verdict on {self.silent} of {self.judged} individuals: statistics decided on them"
            )
        return found


def harvest(directory: Path) -> Harvest | None:
    """The counts of a finished run; None before that."""
    if not (directory / "run.sqlite").is_file():
        return None
    with RunStore.read(directory) as store:
        events = [event for _, _, told in store.pools() for event in json.loads(told)]
        tasks = [json.loads(document) for _, _, document in store.tasks()]
        findings = [row[5] for row in store.individuals() if row[5] is not None]
    rejected = Counter(event["rejection"]["reason"] for event in events if event["kind"] == "rejected")
    return Harvest(
        sum(task["provenance"]["kind"] != "seed" for task in tasks),
        dict(sorted(rejected.items())),
        len(findings),
        sum(finding["reason"].startswith(NO_VERDICT) for finding in findings),
    )
