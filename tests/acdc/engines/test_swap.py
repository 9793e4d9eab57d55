from collections.abc import Callable

import pytest
import torch
from torch import nn

from acdc.engines.swap import WeightSlots
from acdc.errors import InputError


class Tied(nn.Module):
    """An embedding whose weight is the head's, and one matrix more."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.mix, self.head = nn.Embedding(5, 3), nn.Linear(3, 3), nn.Linear(3, 5, bias=False)
        self.head.weight = self.embed.weight


@pytest.fixture
def model() -> Tied:
    return Tied()


def weights(model: Tied, scale: float = 2.0) -> dict[str, torch.Tensor]:
    state = {name: tensor.clone() * scale for name, tensor in model.state_dict().items()}
    del state["head.weight"]
    return state


def test_one_name_of_a_tied_pair_fills_both_and_they_stay_tied(model: Tied) -> None:
    address = model.embed.weight.data_ptr()
    given = weights(model)
    WeightSlots(model).fill(given)
    assert torch.equal(model.head.weight, given["embed.weight"])
    assert model.head.weight is model.embed.weight
    assert model.embed.weight.data_ptr() == address


def test_both_names_of_a_tied_pair_must_agree(model: Tied) -> None:
    given = weights(model)
    WeightSlots(model).fill(given | {"head.weight": given["embed.weight"].clone()})
    with pytest.raises(InputError, match=r"'embed\.weight' and 'head\.weight' are tied"):
        WeightSlots(model).fill(given | {"head.weight": given["embed.weight"] + 1})


def test_weights_given_in_another_dtype_are_cast(model: Tied) -> None:
    given = {name: tensor.double() for name, tensor in weights(model).items()}
    WeightSlots(model).fill(given)
    assert model.mix.weight.dtype == torch.float32
    assert torch.equal(model.mix.weight, given["mix.weight"].float())


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda w: w["mix.weight"].__setitem__((1, 1), float("nan")), r"'mix\.weight' holds NaN"),
        (lambda w: w["mix.bias"].__setitem__(0, float("inf")), r"'mix\.bias' holds NaN or infinite"),
        (lambda w: w.pop("mix.bias"), r"lack 'mix\.bias'"),
        (lambda w: w.update(extra=torch.zeros(1)), "no weight 'extra'"),
        (lambda w: w.update({"mix.weight": torch.zeros(3, 4)}), r"shape \(3, 4\).*\(3, 3\)"),
    ],
)
def test_wrong_weights_are_refused_and_nothing_is_copied(
    model: Tied, spoil: Callable[[dict[str, torch.Tensor]], object], message: str
) -> None:
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    given = weights(model)
    spoil(given)
    with pytest.raises(InputError, match=message):
        WeightSlots(model).fill(given)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
