"""Text that is judged, and the verdict on it, told apart by a mark that its author could not know.

The mark is a hash of all that is judged. To write it into a text one would have to know the hash of the text that holds it. Every
line of the text begins with the mark, so no line of it can be taken for one of ours; the verdict is a line that is the mark and a word.
"""

import hashlib
from collections.abc import Collection


def mark(*parts: str) -> str:
    """A mark for these texts: J and 16 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return f"J{digest.hexdigest()}"


def marked(text: str, sign: str) -> str:
    """Every line of a text, whatever ends it, behind ``sign| ``; one such line for the empty text."""
    return "".join(f"{sign}| {line}\n" for line in text.splitlines() or [""])


def verdict(reply: str, sign: str, words: Collection[str]) -> str | None:
    """The word of the verdict's line, or None where a reply does not end with exactly one.

    The mark may stand nowhere else with one of the words: who repeats the choice has not chosen. Emphasis (``**``) around the line is
    let pass, other text beside it is not.

    Args:
        reply: What the judge said.
        sign: The mark.
        words: What the verdict may be.
    """
    lines = [line.strip() for line in reply.strip().splitlines()]
    said = [line for line in lines if any(f"{sign} {word}" in line for word in words)]
    if len(said) != 1 or said[0] != lines[-1]:
        return None
    bare = said[0].removeprefix("**").removesuffix("**").strip()
    chosen = [word for word in words if bare == f"{sign} {word}"]
    return chosen[0] if chosen else None
