"""The built-in scientists and embedders, as pyproject.toml registers them, and the doors to all of them."""

from collections.abc import Callable
from typing import Any, NamedTuple

from pydantic import BaseModel

from acdc.chat.client import Chat
from acdc.chat.embeddings import EmbeddingChat
from acdc.chat.settings import EmbeddingEndpointSettings, LLMScientistSettings
from acdc.registry import Plugin, Registry
from acdc.tasks.novelty import Embedder
from acdc.tasks.scientist import Scientist
from acdc.tasks.settings import EmbedderSettings, ScientistSettings, SentenceTransformersSettings


class Endpoint(NamedTuple):
    """What a scientist or embedder behind an endpoint is opened with.

    Attributes:
        chat: Asks the endpoint, or a transcript; None where the settings name none.
        reflections: How often a task may be repaired.
        judged: Whether a language model judges answers, so that a task may ask for it.
    """

    chat: Chat | None = None
    reflections: int = 0
    judged: bool = False


SCIENTISTS: Registry[Plugin[Callable[[Any, Endpoint], Scientist]]] = Registry("scientists")
EMBEDDERS: Registry[Plugin[Callable[[Any, Endpoint], Embedder]]] = Registry("embedders")


def open_scientist(settings: BaseModel, endpoint: Endpoint = Endpoint()) -> Scientist:  # noqa: B008 - immutable
    """The scientist that the settings name. Raises InputError where it is not there."""
    return SCIENTISTS.of(settings).call(settings, endpoint)


def open_embedder(settings: BaseModel, endpoint: Endpoint = Endpoint()) -> Embedder:  # noqa: B008 - immutable
    """The embedder that the settings name. Raises InputError where it is not there."""
    return EMBEDDERS.of(settings).call(settings, endpoint)


def _grammar(settings: ScientistSettings, endpoint: Endpoint) -> Scientist:
    from acdc.tasks.limited_grammar import grammar_of

    return grammar_of(settings)


def _llm(settings: LLMScientistSettings, endpoint: Endpoint) -> Scientist:
    from acdc.tasks.llm_scientist import LLMScientist

    if endpoint.chat is None:
        raise TypeError("a scientist behind an endpoint that was not opened")
    return LLMScientist(endpoint.chat, settings, endpoint.reflections, judged=endpoint.judged)


def _hashing(settings: EmbedderSettings, endpoint: Endpoint) -> Embedder:
    from acdc.tasks.novelty import HashingEmbedder

    return HashingEmbedder(settings)


def _sentence_transformers(settings: SentenceTransformersSettings, endpoint: Endpoint) -> Embedder:
    from acdc.tasks.embedders import SentenceTransformersEmbedder

    return SentenceTransformersEmbedder(settings)


def _openai(settings: EmbeddingEndpointSettings, endpoint: Endpoint) -> Embedder:
    from acdc.tasks.embedders import EndpointEmbedder

    if not isinstance(endpoint.chat, EmbeddingChat):
        raise TypeError("an embedder behind an endpoint that was not opened")
    return EndpointEmbedder(endpoint.chat, settings)


_ENDPOINT = ("an OpenAI-compatible endpoint",)
GRAMMAR = Plugin(_grammar, ScientistSettings)
LLM = Plugin(_llm, LLMScientistSettings, _ENDPOINT, "its price")
HASHING = Plugin(_hashing, EmbedderSettings)
SENTENCE_TRANSFORMERS = Plugin(
    _sentence_transformers, SentenceTransformersSettings, ("sentence-transformers (the extra embed)",)
)
OPENAI = Plugin(_openai, EmbeddingEndpointSettings, _ENDPOINT, "its price")
