"""The Llama of the tiny family as one function over named tensors, for training and measuring.

It computes what `transformers.LlamaForCausalLM` computes (a test compares the logits) on *ragged* batches: the matrix
products see only real tokens, and in the last layer only those whose prediction is asked for. For short questions of
unequal length, whose loss lies on the answers, that is about half the work of a padded batch.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from acdc.tiny.settings import Shape
from acdc.tiny.tokenizer import VOCABULARY

EMBEDDING = "model.embed_tokens.weight"
FINAL_NORM = "model.norm.weight"
EPSILON = 1e-6


@dataclass(frozen=True)
class Ragged:
    """Sequences of unequal length, laid end to end.

    Attributes:
        tokens: (tokens,) int64.
        places: (tokens,) int64, where each token lies in the padded (rows, width) grid, row-major.
        kept: (kept,) int64, indices into `tokens` whose next token is predicted.
        rows: Number of sequences.
        width: Length of the longest.
    """

    tokens: Tensor
    places: Tensor
    kept: Tensor
    rows: int
    width: int


def ragged(sequences: Sequence[Sequence[int]], kept: Sequence[range]) -> Ragged:
    """Lays sequences end to end; `kept` are the positions within each whose next token is predicted."""
    width = max(map(len, sequences))
    tokens: list[int] = []
    places: list[int] = []
    keep: list[int] = []
    for row, (sequence, wanted) in enumerate(zip(sequences, kept, strict=True)):
        keep.extend(range(len(tokens) + wanted.start, len(tokens) + wanted.stop))
        tokens.extend(sequence)
        places.extend(range(row * width, row * width + len(sequence)))
    return Ragged(torch.tensor(tokens), torch.tensor(places), torch.tensor(keep), len(sequences), width)


def initial(shape: Shape, generator: torch.Generator) -> dict[str, Tensor]:
    """Fresh fp32 weights under Hugging Face names; matrices that write into the residual start small."""
    h, i = shape.hidden, shape.intermediate
    weights = {EMBEDDING: torch.randn(VOCABULARY, h, generator=generator) * 0.02, FINAL_NORM: torch.ones(h)}
    for layer in range(shape.layers):
        at = f"model.layers.{layer}."
        for name in ("input_layernorm", "post_attention_layernorm"):
            weights[f"{at}{name}.weight"] = torch.ones(h)
        for name, (rows, columns), gain in (
            ("self_attn.q_proj", (h, h), 0.5),
            ("self_attn.k_proj", (h, h), 0.5),
            ("self_attn.v_proj", (h, h), 0.5),
            ("self_attn.o_proj", (h, h), 0.1),
            ("mlp.gate_proj", (i, h), 0.5),
            ("mlp.up_proj", (i, h), 0.5),
            ("mlp.down_proj", (h, i), 0.1),
        ):
            drawn = torch.randn(rows, columns, generator=generator)
            weights[f"{at}{name}.weight"] = drawn * (gain / math.sqrt(columns))
    return weights


def _norm(x: Tensor, weight: Tensor) -> Tensor:
    return functional.rms_norm(x, (x.shape[-1],), weight, EPSILON)


def _angles(width: int, head: int, theta: float) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the rotary embedding, (width, head) each."""
    frequencies = theta ** -(torch.arange(0, head, 2) / head)
    angles = torch.outer(torch.arange(width).float(), frequencies)
    both = torch.cat([angles, angles], dim=-1)
    return both.cos(), both.sin()


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-second, first], dim=-1) * sin


def logits(weights: Mapping[str, Tensor], shape: Shape, batch: Ragged) -> Tensor:
    """Next-token logits at the kept positions, (kept, vocabulary) fp32."""
    head = shape.hidden // shape.heads
    cos, sin = _angles(batch.width, head, shape.rope_theta)
    cells = batch.rows * batch.width
    x = weights[EMBEDDING][batch.tokens]
    for layer in range(shape.layers):
        at = f"model.layers.{layer}."
        qkv = torch.cat([weights[f"{at}self_attn.{name}_proj.weight"] for name in "qkv"])
        y = _norm(x, weights[f"{at}input_layernorm.weight"]) @ qkv.T
        grid = torch.zeros(cells, 3 * shape.hidden).index_copy(0, batch.places, y)
        q, k, v = grid.view(batch.rows, batch.width, 3, shape.heads, head).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(
            _rotate(q, cos, sin), _rotate(k, cos, sin), v, is_causal=True
        )
        mixed = mixed.transpose(1, 2).reshape(cells, shape.hidden)
        if layer == shape.layers - 1:
            mixed, x = mixed[batch.places[batch.kept]], x[batch.kept]
        else:
            mixed = mixed[batch.places]
        x = x + mixed @ weights[f"{at}self_attn.o_proj.weight"].T
        y = _norm(x, weights[f"{at}post_attention_layernorm.weight"])
        gate, up = y @ weights[f"{at}mlp.gate_proj.weight"].T, y @ weights[f"{at}mlp.up_proj.weight"].T
        x = x + (functional.silu(gate) * up) @ weights[f"{at}mlp.down_proj.weight"].T
    return _norm(x, weights[FINAL_NORM]) @ weights[EMBEDDING].T


def write_config(shape: Shape, folder: Path) -> None:
    """Writes the config.json that makes `AutoModelForCausalLM` build this model."""
    config = json.loads(resources.files("acdc.tiny").joinpath("llama_config.json").read_text("utf-8"))
    config |= {
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.heads,
        "head_dim": shape.hidden // shape.heads,
        "intermediate_size": shape.intermediate,
        "rope_parameters": {"rope_type": "default", "rope_theta": shape.rope_theta},
    }
    text = json.dumps(config, indent=2, sort_keys=True) + "\n"
    (folder / "config.json").write_text(text, encoding="utf-8")
