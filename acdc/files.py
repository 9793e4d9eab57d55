"""Files that appear whole or not at all: a temporary file beside them, then a rename."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of ``path`` when the block ends; an error in the block leaves ``path`` as it was.

    Args:
        path: The file; its folder is made.

    Raises:
        OSError: The disk is full, or writing is forbidden (:func:`acdc.errors.expected` says both to a person).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = path.with_name(f".{path.name}.{os.getpid()}.tmp")  # two processes may write the same file
    try:
        with staging.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        staging.replace(path)
    finally:
        staging.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; its folder is made."""
    with replacing(path) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all; the folder is made."""
    write_bytes(path, text.encode())
