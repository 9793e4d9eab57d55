import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from acdc.engines.buckets import batches, width_of


def test_a_width_is_always_greater_than_the_prompt() -> None:
    assert [width_of(length, (4, 8)) for length in (1, 3, 4, 7, 8, 15, 16)] == [4, 4, 8, 8, 16, 16, 24]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 40), max_size=30), st.integers(1, 5))
def test_every_prompt_stands_in_one_batch_whose_shape_follows_from_its_length(
    lengths: list[int], rows: int
) -> None:
    prompts = [[index + 1] * length for index, length in enumerate(lengths)]
    seen = []
    for batch in batches(prompts, range(len(prompts)), rows=rows, widths=(8, 16), pad=0):
        assert batch.tokens.shape[0] == rows
        for row, index in enumerate(batch.members):
            assert batch.tokens.shape[1] == width_of(lengths[index], (8, 16))
            assert np.count_nonzero(batch.tokens[row]) == lengths[index] == batch.lengths[row]
            assert batch.tokens[row, -1] == index + 1
            assert batch.streams[row] == index
            seen.append(index)
    assert sorted(seen) == list(range(len(prompts)))


def test_prompts_of_different_groups_never_share_a_batch() -> None:
    made = list(batches([[1]] * 6, [0] * 6, rows=8, widths=(4,), pad=0, groups=[0, 1, 0, 2, 1, 0]))
    assert [batch.members for batch in made] == [(0, 2, 5), (1, 4), (3,)]
