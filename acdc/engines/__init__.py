"""Engines: language models whose weights can be swapped, behind one protocol.

Engine, Request, Sampling, Answer   the protocol (engine.py)
EngineSettings                      the `engine` section of params.yaml (settings.py)
open_engine                         the engine that the settings ask for
TransformersEngine                  in `acdc.engines.hf`; imported there only, because it takes seconds
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from acdc.engines.engine import Answer, Engine, Request, Sampling
from acdc.engines.settings import EngineSettings

__all__ = ["Answer", "Engine", "EngineSettings", "Request", "Sampling", "open_engine"]


def open_engine(
    settings: EngineSettings,
    model_dir: Path,
    *,
    tokenizer_dir: Path | None = None,
    dtype: str = "float32",
    chat_template_args: Mapping[str, object] | None = None,
    stop_tokens: Sequence[str] = (),
) -> Engine:
    """The engine that the settings ask for, holding the weights of `model_dir`.

    Args:
        settings: The `engine` section of params.yaml.
        model_dir: A Hugging Face model directory; gives the architecture, and weights until the first `load`.
        tokenizer_dir: Where tokenizer and chat template are (the family's general seed); None: `model_dir`.
        dtype: What weights and activations are computed in (the family's).
        chat_template_args: Extra arguments of the chat template, per family.
        stop_tokens: Tokens that end an answer, besides those that the directory's files name.

    Raises:
        InputError: The directory holds no model or no tokenizer that transformers can load, or a stop token is no token.
    """
    from acdc.engines.hf import TransformersEngine

    return TransformersEngine(
        model_dir,
        tokenizer_dir=tokenizer_dir,
        dtype=dtype,
        rows=settings.rows,
        widths=settings.widths,
        threads=settings.threads,
        chat_template_args=chat_template_args,
        stop_tokens=stop_tokens,
    )
