"""Sums that no order of adding can change."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from acdc.numbers.exact import cosines, on_grid
from tests.kernels import by_kernels

VALUES = arrays(np.float64, st.integers(1, 200), elements=st.floats(-1e3, 1e3))


@given(VALUES, st.randoms())
def test_values_on_the_grid_add_up_to_the_same_bits_in_every_order(values, random):
    grid = on_grid(values, len(values))
    shuffled = grid.tolist()
    random.shuffle(shuffled)
    assert sum(shuffled) == math.fsum(grid.tolist()) == float(np.ones(len(grid)) @ grid)


@given(VALUES, st.integers(1, 10_000))
@example(np.array([5e-324, 1e-310]), 3)
@example(np.zeros(2), 1)
def test_the_grid_is_finer_than_anything_that_is_shown(values, terms):
    moved = np.abs(on_grid(values, terms) - values).max()
    assert moved <= 2.0**-51 * terms * np.abs(values).max()


def test_cosines_are_those_of_the_product_at_nine_places():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 1024))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert cosines(vectors, vectors) == pytest.approx(vectors @ vectors.T, abs=1e-9)
    assert np.diag(cosines(vectors, vectors)).tolist() == [1.0] * 40


def test_cosines_of_whole_texts_are_the_same_whatever_multiplies():
    found = by_kernels(
        "import zlib\n"
        "from acdc.numbers.exact import cosines\n"
        "from acdc.runs.openendedness import vendi_score\n"
        "from acdc.tasks.novelty import HashingEmbedder\n"
        "texts = [f'write the letters of word {i} and {i * i % 7} backwards, then count them' for i in range(150)]\n"
        "vectors = HashingEmbedder().embed(texts)\n"
        "print(zlib.crc32(vectors.tobytes()), zlib.crc32(cosines(vectors[:20], vectors).tobytes()))\n"
        "print([vendi_score(vectors, q) for q in (0.5, 1, 2)])\n"
    )
    assert set(found.values()) == {found["this"]}
