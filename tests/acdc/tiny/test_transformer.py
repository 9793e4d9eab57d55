from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from acdc.tiny.settings import Shape
from acdc.tiny.tokenizer import VOCABULARY
from acdc.tiny.transformer import initial, logits, ragged, write_config

SHAPE = Shape(hidden=16, layers=2, heads=2, intermediate=24, rope_theta=100.0)


def test_logits_are_those_of_the_hugging_face_llama(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    weights = {name: weight * 3 for name, weight in initial(SHAPE, torch.Generator().manual_seed(1)).items()}
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    write_config(SHAPE, tmp_path)
    model = AutoModelForCausalLM.from_pretrained(tmp_path)
    sequences = [[258, 104, 105, 259], [258, 33, 259, 65, 66, 67, 68], [1, 2, 3]]
    mine = logits(weights, SHAPE, ragged(sequences, [range(len(s)) for s in sequences]))
    with torch.no_grad():
        theirs = torch.cat([model(torch.tensor([sequence])).logits[0] for sequence in sequences])
    torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


def test_only_the_kept_positions_are_predicted() -> None:
    weights = initial(SHAPE, torch.Generator().manual_seed(1))
    sequences = [[5, 6, 7, 8], [9, 10]]
    everything = logits(weights, SHAPE, ragged(sequences, [range(4), range(2)]))
    some = logits(weights, SHAPE, ragged(sequences, [range(2, 4), range(1, 2)]))
    torch.testing.assert_close(some, everything[[2, 3, 5]])


@pytest.mark.parametrize(
    ("shape", "parameters"),
    [(Shape(), 246_624), (Shape(hidden=16, layers=1, heads=2, intermediate=8), 5_616)],
)
def test_the_number_of_parameters_is_as_counted_by_hand(shape: Shape, parameters: int) -> None:
    h, i = shape.hidden, shape.intermediate
    assert VOCABULARY * h + shape.layers * (4 * h * h + 3 * h * i + 2 * h) + h == parameters
    assert sum(w.numel() for w in initial(shape, torch.Generator()).values()) == parameters


def test_heads_that_do_not_divide_the_hidden_size_are_refused() -> None:
    with pytest.raises(ValueError, match="multiple of twice the heads"):
        Shape(hidden=10, heads=4)
