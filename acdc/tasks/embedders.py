r"""Embedders that are language models: any sentence-transformers directory, any OpenAI-compatible embeddings endpoint.

Both word a text in the model's own form first (``instruction``: e5-mistral wants "Instruct: …\nQuery: {text}"), and both turn each
text into a vector on its own, never in a batch, so that a vector does not depend on its company and a run that is taken up
again finds the cosines that it found before. A text is embedded once.

Source: section 4 of the method (published: intfloat/e5-mistral-7b-instruct).
"""

import hashlib
import importlib.util
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acdc.chat.call import Call
from acdc.chat.embeddings import EmbeddingChat, vector_of
from acdc.chat.prompt_files import sendable
from acdc.chat.settings import EmbeddingEndpointSettings
from acdc.errors import InfrastructureError, InputError, NumericalError
from acdc.tasks.novelty import Vectors
from acdc.tasks.settings import SentenceTransformersSettings

Vector = NDArray[np.float64]
_EXTRA = (
    "embedder.kind: sentence_transformers needs the extra 'embed': pip install 'acdc-coevolution[embed]', or make "
    "embedder.kind hashing"
)
_SHORTEST = 32  # characters; a model that refuses a text as short as this as too long is no embedder


class SentenceTransformersEmbedder:
    """A sentence-transformers model in this process, loaded when the first text comes.

    Args:
        settings: Its directory, form of words, device.

    Raises:
        InputError: The directory is no model, or the extra ``embed`` is not installed.
    """

    def __init__(self, settings: SentenceTransformersSettings) -> None:
        self._settings = settings
        self._vectors: dict[str, Vector] = {}
        require_embedder(settings)
        self._transformer = _imported()

    @cached_property
    def version(self) -> str:
        """Version of the library, hash of the directory's files, form of words, device."""
        import sentence_transformers

        wording = hashlib.blake2b(self._settings.instruction.encode(), digest_size=4).hexdigest()
        return (
            f"sentence-transformers-{sentence_transformers.__version__}/{_content(self._settings.path)}/{wording}/"
            f"{self._settings.device}"
        )

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit rows, (texts, dimensions) float64."""
        for text in texts:
            if text not in self._vectors:
                found = self._model.encode([self._worded(text)], batch_size=1, show_progress_bar=False)
                self._vectors[text] = _unit(
                    np.asarray(found[0], dtype=np.float64), str(self._settings.path), text
                )
        return _stacked([self._vectors[text] for text in texts])

    def _worded(self, text: str) -> str:
        return self._settings.instruction.replace("{text}", text)

    @cached_property
    def _model(self) -> Any:
        from transformers.utils import logging

        bars = logging.is_progress_bar_enabled()
        logging.disable_progress_bar()
        try:
            return self._transformer(
                str(self._settings.path), device=self._settings.device, local_files_only=True
            )
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise InputError(
                f"embedder.path: {self._settings.path} holds no model that sentence-transformers can load: {error}"
            ) from error
        finally:
            if bars:
                logging.enable_progress_bar()


class EndpointEmbedder:
    """A model behind an endpoint, or a transcript in its place.

    Args:
        chat: Who is asked.
        settings: Model and form of words.
    """

    def __init__(self, chat: EmbeddingChat, settings: EmbeddingEndpointSettings) -> None:
        self._chat, self._settings = chat, settings
        self._vectors: dict[str, Vector] = {}

    @property
    def version(self) -> str:
        """Model and form of words."""
        wording = hashlib.blake2b(self._settings.instruction.encode(), digest_size=4).hexdigest()
        return f"openai-1/{self._settings.model}/{wording}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit rows, (texts, dimensions) float64; of a text that the model finds too long, its beginning counts.

        Raises:
            InfrastructureError: The endpoint is out of reach, refuses, its vectors differ in length, or the budget is spent.
        """
        open_ = {text: text for text in texts if text not in self._vectors}
        while open_:
            replies = self._chat.ask([self._call(shown) for shown in open_.values()])
            again: dict[str, str] = {}
            for (text, shown), reply in zip(open_.items(), replies, strict=True):
                if reply.finish != "too-long":
                    self._vectors[text] = _unit(vector_of(reply), self._settings.model, text)
                elif len(shown) > _SHORTEST:
                    again[text] = shown[: len(shown) // 2]
                else:
                    raise InfrastructureError(
                        f"the embedder {self._settings.model} rejects {shown!r} as too long; check that it is an embedding model"
                    )
            open_ = again
        found = [self._vectors[text] for text in texts]
        if len({len(vector) for vector in found}) > 1:
            raise InfrastructureError(
                f"the embedder {self._settings.model} gave vectors of different lengths; its endpoint must serve one model"
            )
        return _stacked(found)

    def _call(self, text: str) -> Call:
        worded = sendable(self._settings.instruction.replace("{text}", text))
        label = hashlib.blake2b(worded.encode(), digest_size=8).hexdigest()
        return Call(self._chat.role, label, "", self._settings.model, "", worded, max_tokens=0)


def require_embedder(settings: object) -> None:
    """Check an embedder in this process without loading it; one behind an endpoint is checked with the other endpoints.

    Raises:
        InputError: The directory is no model, or the extra ``embed`` is not installed.
    """
    if not isinstance(settings, SentenceTransformersSettings):
        return
    if not any((settings.path / name).is_file() for name in ("modules.json", "config.json")):
        raise InputError(
            f"embedder.path: {settings.path} is no directory of a sentence-transformers model (it holds neither modules.json "
            "nor config.json)"
        )
    try:
        missing = importlib.util.find_spec("sentence_transformers") is None
    except ValueError:  # a module that says of itself that it is not there
        missing = True
    if missing:
        raise InputError(_EXTRA)


def _imported() -> Any:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise InputError(f"{_EXTRA} ({error})") from None
    return SentenceTransformer


def _unit(vector: Vector, model: str, text: str) -> Vector:
    norm = float(np.linalg.norm(vector))
    if not 0 < norm < np.inf:
        what = "zeros" if norm == 0 else "NaN or infinite values"
        raise NumericalError(
            f"the embedder {model} gives a vector of {what} for {text!r:.80}; cosines with it mean nothing: take another embedder"
        )
    return vector / norm


def _stacked(vectors: Sequence[Vector]) -> Vectors:
    return np.stack(vectors) if vectors else np.zeros((0, 1))


def _content(directory: Path) -> str:
    """Hash of a model's files, by their names below the directory; what only describes the model is left out."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(directory.rglob("*")):
        if path.is_file() and path.suffix not in (".md", ".onnx") and not path.name.startswith("."):
            with path.open("rb") as file:
                content = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
            digest.update(f"{path.relative_to(directory)}\0{content}\0".encode())
    return digest.hexdigest()
