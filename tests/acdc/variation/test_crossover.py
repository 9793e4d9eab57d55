import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from acdc.errors import InputError
from acdc.streams import stream
from acdc.variation import draw_weights, linear, task_arithmetic

State = dict[str, torch.Tensor]


def model(seed: int, dtype: torch.dtype = torch.float32) -> State:
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(4, 3, generator=generator).to(dtype) for name in ("b.weight", "a.weight")}


def test_linear_is_the_formula_of_the_method_by_hand() -> None:
    base, first, second = ({"w": torch.tensor([[value]])} for value in (1.0, 3.0, 7.0))
    # 1 + (0.5·(3−1) + 1.5·(7−1)) / 2 = 1 + (1 + 9) / 2
    assert linear(base, [first, second], [0.5, 1.5])["w"].item() == pytest.approx(6.0)


@given(st.lists(st.floats(0.1, 3), min_size=2, max_size=4))
def test_linear_is_the_weighted_mean_of_the_parents(weights: list[float]) -> None:
    parents = [model(index + 1) for index in range(len(weights))]
    child = linear(model(0), parents, weights)
    for name in child:
        mean = sum(w * parent[name].double() for w, parent in zip(weights, parents, strict=True)) / sum(
            weights
        )
        assert torch.allclose(child[name].double(), mean, atol=1e-5)


def test_task_arithmetic_is_not_normalised() -> None:
    base, first, second = ({"w": torch.tensor([[value]])} for value in (1.0, 3.0, 7.0))
    # 1 + 0.5·(1·2 + 2·6)
    assert task_arithmetic(base, [first, second], [1.0, 2.0], lam=0.5)["w"].item() == pytest.approx(8.0)


def test_names_are_sorted_and_parents_are_untouched() -> None:
    parent = model(1)
    kept = {name: tensor.clone() for name, tensor in parent.items()}
    assert list(linear(model(0), [parent, model(2)], [1.0, 1.0])) == ["a.weight", "b.weight"]
    assert all(torch.equal(parent[name], kept[name]) for name in kept)


def test_half_precision_is_merged_in_fp32_and_cast_once() -> None:
    base, parents = model(0, torch.bfloat16), [model(1, torch.bfloat16), model(2, torch.bfloat16)]
    child = linear(base, parents, [0.7, 0.4])
    wide = linear(
        {n: t.float() for n, t in base.items()},
        [{n: t.float() for n, t in p.items()} for p in parents],
        [0.7, 0.4],
    )
    assert all(torch.equal(child[name], wide[name].bfloat16()) for name in child)


def test_a_tied_pair_stays_tied() -> None:
    def tied(seed: int) -> State:
        weight = model(seed)["a.weight"]
        return {"embed": weight, "head": weight}

    child = linear(tied(0), [tied(1), tied(2)], [1.0, 0.3])
    assert child["embed"].data_ptr() == child["head"].data_ptr()


def test_whole_numbers_are_taken_from_the_base() -> None:
    state = {"steps": torch.tensor([7])}
    assert linear(state, [{"steps": torch.tensor([9])}], [1.0])["steps"].item() == 7


@pytest.mark.parametrize(
    ("parents", "weights", "message"),
    [
        ([model(1)], [1.0, 2.0], "1 parents and 2 weights"),
        ([], [], "at least one parent|sum to 0"),
        ([model(1), model(2)], [1.0, -1.0], "sum to 0"),
        ([{"a.weight": torch.zeros(4, 3)}], [1.0], "do not have the same tensors: 'b.weight'"),
        ([{name: torch.zeros(3, 4) for name in ("a.weight", "b.weight")}], [1.0], r"\(3, 4\).*\(4, 3\)"),
    ],
)
def test_parents_that_do_not_fit_are_bad_input(
    parents: list[State], weights: list[float], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        linear(model(0), parents, weights)


def test_weights_are_drawn_around_one() -> None:
    weights = np.array([draw_weights(stream(0, "test", index), 2, std=0.5)[0] for index in range(4000)])
    assert abs(weights.mean() - 1) < 0.03  # sums near zero are drawn again, which moves the mean a little
    assert abs(weights.std() - 0.5) < 0.03


def test_absolute_weights_are_never_negative() -> None:
    assert all(
        (draw_weights(stream(0, "test", i), 2, std=2.0, mode="absolute")[0] >= 0).all() for i in range(100)
    )


def test_sums_near_zero_are_drawn_again_from_the_same_stream_and_counted() -> None:
    redrawn = 0
    for index in range(300):
        generator = stream(1, "test", index)
        weights, redraws = draw_weights(stream(1, "test", index), 2, std=3.0)
        assert abs(weights.sum()) >= 0.2
        for _ in range(redraws):
            assert abs(generator.normal(1.0, 3.0, 2).sum()) < 0.2
        assert np.array_equal(generator.normal(1.0, 3.0, 2), weights)
        redrawn += redraws
    assert redrawn > 0
