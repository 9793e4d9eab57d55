"""Engines: language models whose weights can be swapped, behind one protocol.

Engine, Request, Sampling, Answer   the protocol (engine.py)
Capabilities, DeclaredEngine        what an engine promises beyond it, and one that says so
EngineSettings, VllmSettings, APISettings   the `engine` section of params.yaml, by its `kind` (settings.py)
open_engine                         the engine that the settings ask for
TransformersEngine                  in `acdc.engines.hf`; imported there only, because it takes seconds
VllmEngine                          in `acdc.engines.vllm`, likewise
APIEngine                           in `acdc.engines.openai_api`
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from acdc.engines.engine import Answer, Capabilities, DeclaredEngine, Engine, Request, Sampling
from acdc.engines.settings import AnyEngineSettings, APISettings, EngineSettings, VllmSettings

__all__ = [
    "APISettings",
    "Answer",
    "AnyEngineSettings",
    "Capabilities",
    "DeclaredEngine",
    "Engine",
    "EngineSettings",
    "Request",
    "Sampling",
    "VllmSettings",
    "open_engine",
]


def open_engine(
    settings: AnyEngineSettings,
    model_dir: Path,
    *,
    tokenizer_dir: Path | None = None,
    dtype: str = "float32",
    chat_template_args: Mapping[str, object] | None = None,
    stop_tokens: Sequence[str] = (),
) -> DeclaredEngine:
    """The engine that the settings ask for, holding the weights of `model_dir`.

    Args:
        settings: The `engine` section of params.yaml.
        model_dir: A Hugging Face model directory; gives the architecture, and weights until the first `load`.
        tokenizer_dir: Where tokenizer and chat template are (the family's general seed); None: `model_dir`.
        dtype: What weights and activations are computed in (the family's).
        chat_template_args: Extra arguments of the chat template, per family.
        stop_tokens: Tokens that end an answer, besides those that the directory's files name.

    Raises:
        InputError: The directory holds no model or no tokenizer that transformers can load, a stop token is no token, or the engine is
            not installed.
    """
    if isinstance(settings, APISettings):
        from acdc.engines.openai_api import APIEngine

        return APIEngine(settings)
    if isinstance(settings, VllmSettings):
        from acdc.engines.vllm import VllmEngine

        return VllmEngine(
            model_dir,
            settings,
            tokenizer_dir=tokenizer_dir,
            dtype=dtype,
            chat_template_args=chat_template_args,
            stop_tokens=stop_tokens,
        )
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
