"""The built-in engines, as pyproject.toml registers them, and the door to all engines."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from acdc.engines.engine import DeclaredEngine
from acdc.engines.settings import AnyEngineSettings, APISettings, EngineSettings, VllmSettings
from acdc.registry import Plugin, Registry

ENGINES: Registry[Plugin[Callable[..., DeclaredEngine]]] = Registry("engines", AnyEngineSettings)
"""(settings, model_dir, and the keywords of :func:`open_engine`) -> the engine; settings are the whole section `engine`."""


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
    return ENGINES.of(settings).call(
        settings,
        model_dir,
        tokenizer_dir=tokenizer_dir,
        dtype=dtype,
        chat_template_args=chat_template_args,
        stop_tokens=stop_tokens,
    )


def _transformers(settings: EngineSettings, model_dir: Path, **given: Any) -> DeclaredEngine:
    from acdc.engines.hf import TransformersEngine

    return TransformersEngine(
        model_dir, rows=settings.rows, widths=settings.widths, threads=settings.threads, **given
    )


def _vllm(settings: VllmSettings, model_dir: Path, **given: Any) -> DeclaredEngine:
    from acdc.engines.vllm import VllmEngine

    return VllmEngine(model_dir, settings, **given)


def _api(settings: APISettings, model_dir: Path, **given: Any) -> DeclaredEngine:
    from acdc.engines.openai_api import APIEngine

    return APIEngine(settings)


TRANSFORMERS = Plugin(_transformers, EngineSettings, cost="one core, or one GPU")
VLLM = Plugin(_vllm, VllmSettings, ("vLLM (the extra gpu)",), "a GPU; on a CPU a build of its own")
API = Plugin(_api, APISettings, ("an OpenAI-compatible endpoint",), "its price")
