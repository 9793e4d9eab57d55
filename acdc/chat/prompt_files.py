"""Prompts as text files with ``$placeholders`` (``prompts/*.txt``), and the hash that names their version."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from string import Template

OURS = Path(__file__).parents[1] / "tasks" / "prompts"


class Prompts:
    """The named prompts of a folder.

    Args:
        names: Without ``.txt``.
        folder: Where they lie.
    """

    def __init__(self, names: Iterable[str], folder: Path = OURS) -> None:
        self._texts = {name: (folder / f"{name}.txt").read_text("utf-8") for name in sorted(names)}
        digest = hashlib.blake2b(digest_size=8)
        for name, text in self._texts.items():
            digest.update(f"{name}\0{text}\0".encode())
        self.version = digest.hexdigest()

    def text(self, name: str, /, **values: object) -> str:
        """A prompt with its placeholders filled; raises KeyError for one without a value."""
        return Template(self._texts[name]).substitute({key: str(value) for key, value in values.items()})


def sendable(text: str) -> str:
    """A text that can be sent: halves of surrogate pairs become U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
