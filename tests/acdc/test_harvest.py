"""A run whose language models were of no use says so."""

import json
from pathlib import Path

from acdc.harvest import Harvest, harvest
from acdc.store import RunStore


def test_a_run_of_the_grammar_counts_its_tasks_and_warns_of_nothing(small_run: Path) -> None:
    run = small_run / "runs/tiny/acdc/seed-0"
    found = harvest(run)
    assert found is not None
    with RunStore.read(run) as store:
        kinds = [json.loads(document)["provenance"]["kind"] for *_, document in store.tasks()]
    assert found.accepted == sum(kind != "seed" for kind in kinds) > 0
    assert found.warnings(run) == []
    assert harvest(run.parent) is None


def test_a_scientist_who_wrote_nothing_that_holds_is_named_with_the_reasons() -> None:
    [warning] = Harvest(0, {"full": 1, "parse": 36}, 11, 5).warnings(Path("runs/x"))
    assert "none of the 37 tasks" in warning
    assert "(full 1, parse 36)" in warning
    assert Harvest(1, {"parse": 36}, 11, 5).warnings(Path("runs/x")) == []


def test_a_judge_without_verdicts_is_named() -> None:
    [warning] = Harvest(9, {}, 11, 6).warnings(Path("runs/x"))
    assert "gave no verdict on 6 of 11" in warning
