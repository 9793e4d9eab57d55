"""JSON as language models write it.

Beyond the standard: text and fences around it, single, triple and smart quotes, line breaks in strings, quotation marks in strings that
are not escaped, backslashes that escape nothing, trailing commas, Python's True, False and None, and an end that is missing. A value that
was cut off in the middle is left out; what was complete before it stays.

Guarantees: returns a dict or raises :class:`ValueError`, never anything else; what the standard allows is read as the standard says.
"""

import json
from typing import Any, NamedTuple

_LONGEST = 200_000  # characters that are read
_DEEPEST = 40
_CANDIDATES = 64  # opening braces that are tried
_CLOSING = {'"': '"', "'": "'", "“": "”", "‘": "’", "„": "“”", "«": "»", "`": "`"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\"}
_WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
_STRICT = json.JSONDecoder(strict=False)


class _CutOff(Exception):  # noqa: N818 - says what is the case
    """The text ended inside a value."""


class Found(NamedTuple):
    """An object in a text.

    Attributes:
        value: The object.
        cut_off: The text ended before it did.
    """

    value: dict[str, Any]
    cut_off: bool


def find_object(text: str, wanted: frozenset[str] = frozenset()) -> Found:
    """The object in a text that has most of the wanted keys; among equals a complete one, then the last.

    Args:
        text: What a model wrote.
        wanted: Keys that tell it from other objects.

    Raises:
        ValueError: There is no object.
    """
    text = text[:_LONGEST]
    best: tuple[int, bool, int] | None = None
    found = Found({}, False)
    position, tried = text.find("{"), 0
    while position >= 0 and tried < _CANDIDATES:
        tried += 1
        one, end = _object_at(text, position)
        if one is not None:
            rank = (len(wanted & set(one.value)), not one.cut_off, position)
            if best is None or rank > best:
                best, found = rank, one
        position = text.find("{", max(end, position + 1))
    if best is None:
        raise ValueError("there is no JSON object in it")
    return found


def _object_at(text: str, start: int) -> tuple[Found | None, int]:
    """The object that begins at ``start`` and where it ends; None where none does."""
    try:
        value, end = _STRICT.raw_decode(text, start)
        return (Found(value, False), end) if isinstance(value, dict) else (None, start)
    except (ValueError, RecursionError):
        pass
    reader = _Reader(text, start)
    try:
        value = reader.value(0)
    except ValueError:
        return None, start
    return (Found(value, reader.cut_off), reader.position) if isinstance(value, dict) else (None, start)


class _Reader:
    """Recursive descent over a text; objects and arrays close themselves where the text ends."""

    def __init__(self, text: str, position: int) -> None:
        self.text, self.position, self.cut_off = text, position, False

    def value(self, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        self._skip()
        here = self._here()
        if here == "{":
            return self._collection(depth, "}")
        if here == "[":
            return self._collection(depth, "]")
        if here in _CLOSING:
            return self._string(is_key=False)
        return self._word()

    def _collection(self, depth: int, end: str) -> dict[str, Any] | list[Any]:
        self.position += 1
        keyed: dict[str, Any] = {}
        listed: list[Any] = []
        try:
            while True:
                self._skip()
                if self._here() == end:
                    self.position += 1
                    break
                if end == "}":
                    name = self._key()
                    keyed[name] = self.value(depth + 1)
                else:
                    listed.append(self.value(depth + 1))
                if self.cut_off:
                    break
                self._skip()
                if self._here() == ",":
                    self.position += 1
                elif self._here() != end:
                    raise ValueError(f"neither a comma nor {end} at {self.position}")
        except _CutOff:
            self.cut_off = True
        return keyed if end == "}" else listed

    def _key(self) -> str:
        if self._here() not in _CLOSING:
            raise ValueError(f"no key at {self.position}")
        name = self._string(is_key=True)
        self._skip()
        if self._here() != ":":
            raise ValueError(f"no colon at {self.position}")
        self.position += 1
        return name

    def _string(self, *, is_key: bool) -> str:
        text, opening = self.text, self._here()
        if opening in "\"'" and text.startswith(opening * 3, self.position):
            return self._long_string(opening * 3)
        # Those who open with a smart quote may close with a straight one, and the other way round.
        closing = _CLOSING[opening] + ('"' if opening in "“„" else "”" if opening == '"' else "")
        self.position += 1
        parts: list[str] = []
        while True:
            here = self._here()
            if here == "\\":
                parts.append(self._escape())
            elif here in closing and self._ends_here(is_key):
                self.position += 1
                return _paired("".join(parts))
            else:
                parts.append(here)
                self.position += 1

    def _ends_here(self, is_key: bool) -> bool:
        """Whether a quotation mark ends its string, by what follows: in a string that is not escaped, other marks may occur."""
        rest = self.text[self.position + 1 : self.position + 400].lstrip()
        if is_key:
            return rest.startswith(":")
        if not rest or rest[0] in "}]":
            return True
        if rest[0] != ",":
            return False
        following = rest[1:].lstrip()
        return (
            not following
            or following[0] in "}]{["
            or following[0] in _CLOSING
            or following[0] in "-0123456789tfnTFN"
        )

    def _escape(self) -> str:
        following = self.text[self.position + 1 : self.position + 2]
        if not following:
            raise _CutOff
        if following == "u":
            digits = self.text[self.position + 2 : self.position + 6]
            if len(digits) == 4 and all(one in "0123456789abcdefABCDEF" for one in digits):
                self.position += 6
                return chr(int(digits, 16))
        self.position += 2
        if following in _ESCAPES:
            return _ESCAPES[following]
        return following if following in _CLOSING or following in "”’»" else "\\" + following

    def _long_string(self, mark: str) -> str:
        end = self.text.find(mark, self.position + 3)
        if end < 0:
            raise _CutOff
        value = self.text[self.position + 3 : end]
        self.position = end + 3
        return value

    def _word(self) -> Any:
        end = self.position
        while end < len(self.text) and (self.text[end].isalnum() or self.text[end] in "+-."):
            end += 1
        if end == len(self.text):
            raise _CutOff
        word = self.text[self.position : end]
        self.position = end
        if word in _WORDS:
            return _WORDS[word]
        if len(word) > 30:
            raise ValueError("a number too long")
        return int(word) if word.lstrip("-").isdecimal() and word.isascii() else float(word)

    def _here(self) -> str:
        if self.position >= len(self.text):
            raise _CutOff
        return self.text[self.position]

    def _skip(self) -> None:
        while self._here().isspace():
            self.position += 1


def _paired(text: str) -> str:
    """Halves of surrogate pairs, which come from two escapes, as one character; a half alone as U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
