"""What a judge said, strictly: its last line names the choice and no other line names another, or it is no verdict."""

import re


def last_line(reply: str, keyword: str, pattern: str) -> str | None:
    """The choice in the last line of a judge's reply.

    Args:
        reply: The whole reply.
        keyword: What the line begins with, as "Best".
        pattern: Regular expression of the choice.

    Returns:
        The choice, or None where the last line is anything else, or an earlier line says another choice.
    """
    line = re.compile(rf"\W*{keyword}\s*:\W*({pattern})\W*", re.IGNORECASE)
    lines = [text.strip() for text in reply.strip().splitlines() if text.strip()]
    if not lines or (found := line.fullmatch(lines[-1])) is None:
        return None
    said = {match[1].upper() for text in lines if (match := line.fullmatch(text))}
    return found[1].upper() if len(said) == 1 else None


def number(reply: str, keyword: str, least: int, most: int) -> int | None:
    """The whole number from `least` to `most` that a judge's last line names, or None."""
    found = last_line(reply, keyword, r"\d{1,6}")
    return int(found) if found is not None and least <= int(found) <= most else None
