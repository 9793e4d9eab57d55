"""A run whose language models were of no use says so."""

import json
from pathlib import Path
from typing import Any

from acdc.runs.warnings import RunWarnings, run_warnings
from acdc.storage.store import RunStore, dump
from acdc.tasks.pool import Event
from acdc.tasks.scientist import Reason, Rejection
from acdc.tasks.task_family import Kind, Provenance


def test_a_run_of_the_grammar_counts_its_tasks_and_warns_of_nothing(small_run: Path) -> None:
    run = small_run / "runs/tiny/acdc/seed-0"
    found = run_warnings(run)
    assert found is not None
    with RunStore.read(run) as store:
        kinds = [json.loads(document)["provenance"]["kind"] for *_, document in store.tasks()]
    assert found.accepted == sum(kind != "seed" for kind in kinds) > 0
    assert found.warnings(run) == []
    assert run_warnings(run.parent) is None


def rejection(number: int, kind: Kind, reason: Reason) -> dict[str, Any]:
    refused = Rejection(f"t{number:04d}", Provenance(None, kind, 0), reason, "")
    return Event("rejected", refused.id, 0, reason, refused).to_json()


def warnings(directory: Path, *rejections: tuple[Kind, Reason]) -> list[str]:
    """Of a run that ended with these rejections and without an accepted task."""
    told = [rejection(number, kind, reason) for number, (kind, reason) in enumerate(rejections)]
    with RunStore.create_or_resume(directory, "settings") as store:
        with store.transaction():
            store.add_pool(0, dump({"active": []}), dump(told), {})
        store.finish()
    found = run_warnings(directory)
    assert found is not None
    assert sum(found.rejected.values()) == len(rejections)
    return found.warnings(Path("runs/x"))


def test_a_scientist_who_wrote_nothing_that_holds_is_named_with_the_reasons(tmp_path: Path) -> None:
    [warning] = warnings(
        tmp_path,
        ("seed", "no-judge"),  # nobody was asked for seed tasks
        ("seed", "full"),
        ("novel", "parse"),
        ("harder", "parse"),
        ("novel", "not-novel"),
    )
    assert "none of the 3 tasks that the scientist was asked for passed" in warning
    assert "(not-novel 1, parse 2)" in warning


def test_rejected_seed_tasks_are_not_held_against_the_scientist(tmp_path: Path) -> None:
    assert warnings(tmp_path, ("seed", "no-judge"), ("seed", "too-long")) == []


def test_a_task_that_found_no_room_has_passed_its_checks(tmp_path: Path) -> None:
    assert warnings(tmp_path, ("novel", "full"), ("novel", "parse")) == []


def test_a_judge_without_verdicts_is_named() -> None:
    [warning] = RunWarnings(9, {}, {}, 0, 11, 6).warnings(Path("runs/x"))
    assert "gave no verdict on 6 of 11" in warning
