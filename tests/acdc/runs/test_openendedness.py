"""Vendi scores against hand calculations, and the figures of a run whose every cell was written down."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from acdc.cli.app import build
from acdc.runs.openendedness import BANDS, banded, openness, vendi_score
from acdc.storage.store import Cell, Generation, RunStore, dump
from acdc.tasks.novelty import HashingEmbedder
from acdc.tasks.task_family import Example, Kind, Provenance, TaskFamily

EYE = np.eye(8)


def test_equal_rows_are_one_and_orthogonal_ones_are_as_many_as_they_are() -> None:
    assert vendi_score(EYE[[0] * 5]) == pytest.approx(1)
    assert vendi_score(EYE) == pytest.approx(8)
    assert vendi_score(np.zeros((0, 3))) == 0


def test_groups_count_by_their_shares() -> None:
    rows = EYE[[0, 0, 0, 1]]
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert vendi_score(rows) == pytest.approx(math.exp(entropy))  # order 1
    assert vendi_score(rows, 0) == pytest.approx(2)
    assert vendi_score(rows, 2) == pytest.approx(1 / (0.75**2 + 0.25**2))
    assert vendi_score(rows, math.inf) == pytest.approx(1 / 0.75)


def test_two_texts_of_known_cosine() -> None:
    cosine = 0.6  # eigenvalues of K/2 are (1 ± cosine)/2
    rows = np.array([[1, 0], [cosine, math.sqrt(1 - cosine**2)]])
    shares = np.array([0.8, 0.2])
    assert vendi_score(rows) == pytest.approx(float(np.exp(-np.sum(shares * np.log(shares)))))


@settings(deadline=None)
@given(st.integers(1, 12), st.integers(1, 6), st.integers(0, 99))
def test_a_score_lies_between_one_and_the_number_of_rows(n: int, dimensions: int, seed: int) -> None:
    rows = np.random.default_rng(seed).normal(size=(n, dimensions))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    assert 1 - 1e-9 <= vendi_score(rows) <= n + 1e-9


def test_a_row_of_zeros_is_like_no_other_and_an_order_is_not_negative() -> None:
    assert vendi_score(np.array([[1.0, 0], [0, 0]])) == pytest.approx(2)
    with pytest.raises(ValueError, match="order"):
        vendi_score(EYE, -1)


def test_pass_rates_fall_into_their_bands() -> None:
    rates = [0, 1 / 16, 0.25, 0.26, 0.5, 0.75, 0.76, 15 / 16, 1.0, 1.0]
    assert list(banded(rates).values()) == [1, 2, 2, 1, 2, 2]
    assert list(banded([])) == list(BANDS)


def family(number: int, kind: Kind, parent: str | None, generation: int, text: str) -> TaskFamily:
    return TaskFamily(
        f"t{number:04d}", "", text, text, "", 1, text, "", False, Provenance(parent, kind, generation), (Example("1", text),)
    )  # fmt: skip


TASKS = [
    family(0, "seed", None, 0, "reverse the word"),
    family(1, "novel", "t0000", 0, "add two numbers"),
    family(3, "harder", "t0001", 1, "add three numbers and halve them"),
]
PASSED = {  # of models a and b; c is missing where nothing is said
    "t0000": (True, True),
    "t0001": (True, False),
    "t0003": (False, False),
}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    with RunStore.create_or_resume(tmp_path, "settings") as store:
        with store.transaction():
            store.add_tasks([(t.id, t.provenance.generation, dump(t.to_json())) for t in TASKS])
            told = [{"kind": "accepted", "task": t} for t in ("t0000", "t0001")]
            store.add_pool(0, dump({"active": ["t0000", "t0001"]}), dump(told), {})
            rejection = {"kind": "rejected", "task": "t0002", "rejection": {"reason": "too-long"}}
            later = [rejection, {"kind": "accepted", "task": "t0003"}, {"kind": "removed", "task": "t0000"}]
            store.add_pool(1, dump({"active": ["t0001", "t0003"]}), dump(later), {})
        store.put_cells(
            [
                Cell(model, task, "1", "pass" if passed[i] else "fail", None, None, None, "", "stop", 1)
                for task, passed in PASSED.items()
                for i, model in enumerate("ab")
            ]
        )
        figures = {"newborn": 2, "new_in_archive": 1, "gibberish": 1}
        for number in range(3):
            store.add_generation(Generation(number, ("a", "b") if number < 2 else ("a", "c"), (), figures))
        store.finish()
    return tmp_path


def test_the_figures_of_a_small_world_by_hand(directory: Path) -> None:
    with RunStore.read(directory) as store:
        first, second, third = openness(store, HashingEmbedder())
    assert (first.active, first.ever, first.deepest, first.mean_depth) == (2, 2, 1, 0.5)
    assert (first.accepted, first.rejected) == ({"novel": 1, "seed": 1}, {})
    assert (first.parents, first.most_children) == (0.5, 1)
    assert first.unsolved == 0
    assert first.pass_rates == dict(zip(BANDS, (0, 0, 1, 0, 0, 1), strict=True))
    assert first.vendi_pool == first.vendi_history
    assert 1 < first.vendi_pool <= 2

    assert (second.active, second.ever, second.deepest, second.mean_depth) == (2, 3, 2, 1.5)
    assert (second.accepted, second.rejected) == ({"harder": 1}, {"too-long": 1})
    assert second.unsolved == 0.5
    assert second.vendi_pool < second.vendi_history <= 3
    assert (second.new_in_archive, second.newborn, second.gibberish) == (1, 2, 1)

    assert (third.accepted, third.rejected) == ({}, {})  # the pool did not evolve
    assert third.vendi_pool == second.vendi_pool
    assert third.unsolved is None  # c has no result on any task


def test_the_command_prints_a_line_for_each_generation_and_leaves_no_trace(directory: Path) -> None:
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    said = CliRunner().invoke(build(), ["figures", str(directory)])
    assert said.exit_code == 0, said.output
    assert "order q = 1" in said.output
    assert "1 harder" in said.output
    content = json.loads(CliRunner().invoke(build(), ["figures", str(directory), "--json"]).stdout)
    assert (content["vendi_order"], len(content["generations"])) == (1.0, 3)
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before
