"""Files of JSON lines. A record ends at LF and nowhere else.

``str.splitlines`` also splits at U+2028, U+2029, U+0085 and some control characters, which JSON allows inside a text and which stock tools
write there. A carriage return before LF belongs to the line's end.
"""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from acdc.errors import InputError


def json_lines(path: Path, what: str = "JSON lines") -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file, each with the number of its line in the file, from 1. Empty lines are left out.

    Args:
        path: The file; a name that ends in ``.gz`` is decompressed.
        what: What the file should be, for messages.

    Raises:
        InputError: The file is missing, no UTF-8, or a line is no JSON object; the message names the line.
    """
    for number, line in enumerate(_content(path, what).split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
        except UnicodeDecodeError as error:
            raise InputError(
                f"{path} can't be read as {what}, line {number}: it is not UTF-8 ({error})"
            ) from error
        except (ValueError, RecursionError) as error:  # the second: nested without end
            raise InputError(f"{path} can't be read as {what}, line {number}: {error}") from error
        if not isinstance(value, dict):
            raise InputError(f"{path}, line {number}: expected a JSON object")
        yield number, value


def _content(path: Path, what: str) -> bytes:
    try:
        return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: file not found") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder; name the file in it") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} can't be read as {what}: {error}") from error
