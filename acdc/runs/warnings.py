"""Warnings about a finished run: how often its scientist and its judge of gibberish failed.

A model that writes no valid task and no verdict ends no run: seed tasks remain, statistics decide. A reader must not take such a run for what
it is not, so the command that ends it says so.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acdc.judging.llm_gibberish import NO_VERDICT
from acdc.storage.store import RunStore


@dataclass(frozen=True)
class RunWarnings:
    """Counts over a run.

    Attributes:
        accepted: Tasks that the scientist wrote and that passed their checks, seed tasks left out.
        rejected: Requests that gave none, seed tasks included, by reason.
        failed: Of these, tasks that the scientist was asked for and that did not pass their checks.
        left_out: Of these, tasks that it was asked for and that did, and for which the first pool had no room.
        judged: Individuals that were judged for gibberish.
        silent: Of these, those on whom a language model gave no verdict.
    """

    accepted: int
    rejected: dict[str, int]
    failed: dict[str, int]
    left_out: int
    judged: int
    silent: int

    def warnings(self, run: Path) -> list[str]:
        """What a person should know before believing the run."""
        found = []
        if self.failed and not self.accepted and not self.left_out:
            reasons = ", ".join(f"{reason} {count}" for reason, count in self.failed.items())
            found.append(
                f"none of the {sum(self.failed.values())} tasks that the scientist was asked for passed its checks ({reasons}): "
                f"models evolved on seed tasks alone. `acdc transcript {run}` prints what a language model said"
            )
        if self.silent * 2 >= self.judged > 0:
            found.append(
                f"the judge of gibberish gave no verdict on {self.silent} of {self.judged} individuals: statistics decided on them"
            )
        return found


def run_warnings(directory: Path) -> RunWarnings | None:
    """The counts of a finished run; None before that."""
    if not (directory / "run.sqlite").is_file():
        return None
    with RunStore.read(directory) as store:
        events = [event for row in store.pools() for event in json.loads(row.events)]
        tasks = [json.loads(row.document) for row in store.tasks()]
        findings = [json.loads(row.gibberish) for row in store.individuals() if row.gibberish is not None]
    refused = [event["rejection"] for event in events if event["kind"] == "rejected"]
    asked = [one for one in refused if one["provenance"]["kind"] != "seed"]
    failed = [one for one in asked if one["reason"] != "full"]
    return RunWarnings(
        sum(task["provenance"]["kind"] != "seed" for task in tasks),
        _counted(refused),
        _counted(failed),
        len(asked) - len(failed),
        len(findings),
        sum(finding["reason"].startswith(NO_VERDICT) for finding in findings),
    )


def _counted(rejections: list[dict[str, Any]]) -> dict[str, int]:
    return dict(sorted(Counter(one["reason"] for one in rejections).items()))
