"""Two pipelines, cell by cell: what differs is found, counted and named."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from acdc.errors import InputError
from acdc.storage.store import RunStore
from reproductions.same.differences import Agreement, agreement
from tests import small_project
from tests.reproductions.small_measurement import flip, make, measure

RUN = "runs/mine/acdc/seed-0/run.sqlite"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, save_tiny_model: Callable[..., Path]) -> Path:
    """A finished run of one family beside results of another."""
    root = tmp_path_factory.mktemp("whole")
    small_project.make(root, save_tiny_model)
    make(root)
    return root


@pytest.fixture
def other(whole: Path, tmp_path: Path) -> Path:
    root = tmp_path / "other"
    shutil.copytree(whole, root)
    return root


def compare(first: Path, second: Path) -> Agreement:
    return agreement(first, second, [2])


def different(found: Agreement) -> dict[str, int]:
    return {kind: counts.different for kind, counts in found.counts_by_kind.items() if counts.different}


def edit(root: Path, *statements: str) -> None:
    """Change a finished run by hand."""
    with RunStore.create_or_resume(root / Path(RUN).parent, "made up") as store:
        with store.transaction():
            for statement in statements:
                store._db.execute(statement)
        store.finish()


def test_a_pipeline_and_its_copy_agree_in_every_cell(whole: Path, other: Path) -> None:
    found = compare(whole, other)
    assert not different(found)
    assert all(counts.compared for counts in found.counts_by_kind.values()), found.counts_by_kind
    assert (
        found.counts_by_kind["benchmarks"].compared == 72
    )  # 2 runs of 3 models, 3 draws of the control, 8 questions
    assert found.weights.compared == 3
    assert found.compared == sum(counts.compared for counts in found.counts_by_kind.values())


def test_a_verdict_that_differs_is_named_with_both_replies(whole: Path, other: Path) -> None:
    edit(
        other,
        "UPDATE cells SET verdict = 'fail', reply = 'reqly' WHERE individual = 'general' AND task = 't0003'",
    )
    found = compare(whole, other)
    assert different(found) == {"skills": 1, "answers": 1}
    difference = found.counts_by_kind["skills"].shown[0]
    assert (difference.where, difference.key) == (RUN, ("general", "t0003", "1"))
    assert (difference.first, difference.second, difference.replies) == ("pass", "fail", ("reply", "reqly"))


def test_another_order_of_an_archive_differs(whole: Path, other: Path) -> None:
    edit(other, "UPDATE generations SET archive = '[\"general\"]' WHERE generation = 1")
    found = compare(whole, other)
    assert different(found) == {"archives": 1}
    assert found.counts_by_kind["archives"].shown[0].key == ("generation 1", "archive")


def test_another_text_of_a_task_differs(whole: Path, other: Path) -> None:
    edit(other, "UPDATE tasks SET document = '{}' WHERE id = 't0000'")
    assert different(compare(whole, other)) == {"tasks": 1}


def test_other_weights_of_a_child_are_counted_apart(whole: Path, other: Path) -> None:
    edit(other, "UPDATE individuals SET weights_hash = 'x' WHERE generation = 1")
    found = compare(whole, other)
    assert not different(found)
    assert found.weights.different == 1


def test_an_answer_to_a_benchmark_that_differs_is_named(whole: Path, other: Path) -> None:
    flip(other, "tiny_colon", 1, 2)
    found = compare(whole, other)
    assert different(found) == {"benchmarks": 1}
    difference = found.counts_by_kind["benchmarks"].shown[0]
    assert difference.key == ("g", "T = 0.7", "draw 1", "q2")
    assert (difference.first, difference.second) == ("wrong", "right")
    measure(other)
    assert different(compare(whole, other))["printed table"] > 0


def test_a_reply_whose_score_is_the_same_differs_all_the_same(whole: Path, other: Path) -> None:
    path = other / "results/tiny/acdc/seed-0/tiny_colon/samples.jsonl"
    path.write_text(path.read_text().replace("reply of b", "reply of B", 1))
    assert different(compare(whole, other)) == {"benchmark answers": 1}


def test_a_member_and_a_skill_of_a_task_force_are_cells(whole: Path, other: Path) -> None:
    path = other / "taskforces/mine/acdc/seed-0.json"
    document = json.loads(path.read_text())
    document["forces"]["coverage"][1] = "code"
    document["candidates"][0]["weights_hash"] = "x"
    path.write_text(json.dumps(document))
    found = compare(whole, other)
    assert different(found) == {"task forces": 1}
    assert found.counts_by_kind["task forces"].shown[0].key == ("forces", "coverage", "1")
    for root, skills in ((whole, "0110"), (other, "0010")):
        path = root / "taskforces/tiny/acdc/seed-0.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"skills": {"a": skills}}))
    assert ("skills", "a", "1") in [
        it.key for it in compare(whole, other).counts_by_kind["task forces"].shown
    ]


def test_a_file_that_only_one_has_differs_in_all_its_cells(whole: Path, other: Path) -> None:
    (other / "results/tiny/baselines/tiny_colon/correctness.json").unlink()
    for first, second in ((whole, other), (other, whole)):
        found = compare(first, second)
        assert different(found)["benchmarks"] == 12
        assert "not there" in (
            found.counts_by_kind["benchmarks"].shown[0].first,
            found.counts_by_kind["benchmarks"].shown[0].second,
        )


@pytest.mark.parametrize(
    "where",
    [
        RUN,
        "taskforces/tiny/acdc/seed-0.json",
        "results/tiny/baselines/tiny_colon/correctness.json",
        "results/tiny/baselines/tiny_colon/samples.jsonl",
        "comparison/tiny.json",
    ],
)
def test_a_damaged_file_is_bad_input(whole: Path, other: Path, where: str) -> None:
    path = other / where
    path.chmod(0o644)
    path.write_bytes(b"{ no")
    with pytest.raises(InputError):
        compare(whole, other)
