"""Novelty: the embedder, and that waves of questions give what asking one by one gives."""

import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acdc.tasks.grammar_scientist import GrammarScientist
from acdc.tasks.novelty import HashingEmbedder, Vectors, verdicts
from acdc.tasks.scientist import Judgement
from acdc.tasks.settings import EmbedderSettings, NoveltySettings
from acdc.tasks.task_family import Kind, Provenance, TaskFamily

TEXTS = ["the text backwards", "the text backwards twice", "sum of numbers", ""]


class Circle:
    """An embedder under control: the text is an angle."""

    version = "circle"

    def embed(self, texts: Sequence[str]) -> Vectors:
        angles = np.array([float(text.splitlines()[0]) for text in texts])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)


class Picky(GrammarScientist):
    """Finds a task interesting by the parity of all it is shown, so that one wrong neighbour changes the answer."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Judgement] = []

    def is_interesting(self, judgements: Sequence[Judgement]) -> list[bool]:
        self.asked += judgements
        return [
            sum(int(one.id[1:]) for one in (*judgement.neighbours, judgement.candidate)) % 3 > 0
            for judgement in judgements
        ]


def task(number: int, angle: float, kind: Kind = "novel") -> TaskFamily:
    return TaskFamily(f"t{number:04d}", "", str(angle), "", "", 1, "", "", False, Provenance(None, kind, 0))


def judged(tasks: list[TaskFamily], history: int, **settings: object) -> list[bool]:
    options = NoveltySettings.model_validate(settings)
    found = verdicts(tasks[history:], tasks[:history], Circle(), Picky(), options, 0)
    return [one.novel for one in found]


def test_rows_have_length_one_and_likeness_orders_them() -> None:
    vectors = HashingEmbedder().embed(TEXTS)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1, 0])
    assert vectors[0] @ vectors[1] > 0.7 > 0.2 > vectors[0] @ vectors[2]


def test_vectors_are_equal_in_every_process() -> None:
    code = (
        "from acdc.tasks.novelty import HashingEmbedder\n"
        f"print(HashingEmbedder().embed({TEXTS!r}).tobytes().hex())"
    )
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "7"}
    )
    assert other.stdout.strip() == HashingEmbedder().embed(TEXTS).tobytes().hex()


def test_a_vector_does_not_depend_on_its_company() -> None:
    embedder = HashingEmbedder(EmbedderSettings(dimensions=256))
    assert np.array_equal(embedder.embed(TEXTS)[1], embedder.embed(TEXTS[1:2])[0])
    assert embedder.version.endswith("256")


def test_by_embedding_what_is_near_to_an_accepted_task_is_rejected() -> None:
    tasks = [task(i, angle) for i, angle in enumerate([0.0, 0.1, 1.0, 1.1, 2.0])]
    assert judged(tasks, 1, mode="embedding", threshold=0.9) == [False, True, False, True]


def test_a_rejected_task_blocks_no_later_task() -> None:
    tasks = [
        task(0, 0.0),
        task(1, 0.4),
        task(2, 0.8),
    ]  # the second is near the first, the third only near the second
    assert judged(tasks, 1, mode="embedding", threshold=0.9) == [False, True]


def test_harder_and_easier_are_exempt_unless_all_are_judged() -> None:
    tasks = [task(0, 0.0), task(1, 0.0, "harder"), task(2, 0.0, "easier"), task(3, 0.0, "related")]
    assert judged(tasks, 1, mode="embedding") == [True, True, False]
    assert judged(tasks, 1, mode="embedding", applies_to="all") == [False, False, False]


def test_off_lets_everything_pass() -> None:
    assert judged([task(i, 0.0) for i in range(4)], 1, mode="none") == [True] * 3


def test_the_scientist_sees_the_near_ones_only_in_mode_both() -> None:
    tasks = [task(i, angle) for i, angle in enumerate([0.0, 0.05, 3.0, 0.1])]
    for mode, shown in (("both", 2), ("scientist", 3)):
        picky = Picky()
        verdicts(tasks[3:], tasks[:3], Circle(), picky, NoveltySettings.model_validate({"mode": mode}), 0)
        assert [len(one.neighbours) for one in picky.asked] == [shown]


@given(
    st.lists(st.floats(0, 2, width=16), min_size=2, max_size=14),
    st.integers(1, 3),
    st.sampled_from(["both", "scientist", "embedding"]),
)
def test_waves_give_what_asking_one_by_one_gives(angles: list[float], neighbours: int, mode: str) -> None:
    tasks = [task(i, angle) for i, angle in enumerate(angles)]
    history, one_by_one = [tasks[0]], []
    options = {"mode": mode, "threshold": 0.95, "neighbours": neighbours}
    for one in tasks[1:]:
        [novel] = judged([*history, one], len(history), **options)
        one_by_one.append(novel)
        history += [one] * novel
    assert judged(tasks, 1, **options) == one_by_one
