import numpy as np
import torch

from acdc.engines.engine import Sampling
from acdc.engines.sampling import choose, uniforms

LOGITS = torch.tensor([2.0, 1.0, 0.0, -1.0, -30.0])


def frequencies(sampling: Sampling, draws: int = 40_000) -> np.ndarray:
    streams = np.arange(draws, dtype=np.uint64)  # neighbouring keys on purpose
    tokens = choose(LOGITS.expand(draws, -1), sampling, streams, 0).tokens.numpy()
    return np.bincount(tokens, minlength=5) / draws


def test_splitmix64_gives_the_published_sequence() -> None:
    """First outputs for seed 1234567 of Vigna's reference splitmix64.c."""
    from acdc.engines.sampling import _GOLDEN, _mix

    states = np.uint64(1234567) + np.arange(1, 4, dtype=np.uint64) * _GOLDEN
    assert _mix(states).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_drawn_frequencies_are_the_softmax() -> None:
    expected = (LOGITS / 0.7).softmax(-1).numpy()
    assert np.abs(frequencies(Sampling(temperature=0.7)) - expected).max() < 0.01  # 4 standard errors


def test_top_p_keeps_the_smallest_set_that_reaches_it() -> None:
    probabilities = LOGITS.softmax(-1).numpy()  # .644 .237 .087 .032 0
    found = frequencies(Sampling(temperature=1.0, top_p=0.8))
    assert found[2:].sum() == 0
    assert abs(found[0] - probabilities[0] / probabilities[:2].sum()) < 0.01
    assert frequencies(Sampling(temperature=1.0, top_p=0.1), 100)[0] == 1.0


def test_uniforms_of_steps_and_streams_are_unrelated() -> None:
    streams = np.arange(2000, dtype=np.uint64)
    table = np.stack([uniforms(streams, step) for step in range(30)])
    assert table.min() >= 0
    assert table.max() < 1
    assert abs(table.mean() - 0.5) < 0.005
    assert abs(np.corrcoef(table[0], table[1])[0, 1]) < 0.1
    assert abs(np.corrcoef(table[:, 0], table[:, 1])[0, 1]) < 0.6
    assert len(np.unique(table)) == table.size


def test_the_largest_stream_key_is_no_overflow() -> None:
    assert 0 <= uniforms(np.array([2**64 - 1], dtype=np.uint64), 10_000)[0] < 1


def test_a_token_of_probability_zero_is_never_drawn() -> None:
    logits = torch.tensor([[0.0, float("-inf"), 0.0, float("-inf")]]).expand(5000, -1)
    tokens = choose(logits, Sampling(temperature=1.0), np.arange(5000, dtype=np.uint64), 3).tokens
    assert set(tokens.tolist()) == {0, 2}
