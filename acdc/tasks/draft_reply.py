"""From a scientist's reply to a draft: parse at the border, so that nothing behind it checks a type again."""

import re
from collections.abc import Mapping
from typing import Any

from acdc.chat.call import Reply
from acdc.chat.prompt_files import sendable
from acdc.parsing.lenient_json import find_object
from acdc.tasks.scientist import Draft, Rejection, Request, rejected

_KEYS = frozenset({"name", "description", "capability", "difficulty", "source", "done"})
_FENCE = re.compile(r"^[ \t]*(```|~~~)[ \t]*\w*[ \t]*$")
_CLASS = "class TaskFamily"
_LONGEST = 2000  # characters of a name or description; what is longer is shown to others in every prompt


def draft_of(reply: Reply, request: Request, before: Draft | None = None) -> Draft | Rejection:
    """The draft in a reply, or why there is none.

    Args:
        reply: What the scientist said.
        request: What it was asked for.
        before: The draft that was to be repaired: what the reply leaves out stays as it was, but for the source.
    """
    if reply.finish == "too-long":
        return rejected(request, "reply", "the prompt is longer than the scientist's context", before)
    if not reply.text.strip():
        return rejected(request, "reply", f"an empty reply ({reply.finish})", before)
    try:
        value, cut_off = find_object(reply.text, _KEYS)
    except ValueError as error:
        return rejected(request, "parse", f"{error}: {reply.text[:200]!r}", before)
    source = _source(value, reply.text)
    if not source:
        why = "it was cut off" if cut_off or reply.finish == "length" else "it is not there"
        if _truth(value.get("done"), default=True):
            return rejected(request, "parse", f"no source with {_CLASS}: {why}", before)
        return rejected(request, "reply", f"the scientist had none: {_text(value, 'thought', '')}", before)
    return Draft(
        source=source,
        name=_text(value, "name", before.name if before else "unnamed"),
        description=_text(value, "description", before.description if before else ""),
        capability=_text(value, "capability", before.capability if before else ""),
        difficulty=_difficulty(value.get("difficulty"), before.difficulty if before else 3),
        example_instruction=_text(value, "example_instruction", ""),
        is_code=_truth(value.get("is_code"), default=before.is_code if before else False),
        # Who forgot the word and closed the object was done; whose reply broke off was not.
        done=_truth(value.get("done"), default=not cut_off),
    )


def truth_of(reply: Reply, key: str) -> bool | None:
    """A yes or no in a reply's object; None where there is none."""
    try:
        value = find_object(reply.text, frozenset({key})).value
    except ValueError:
        return None
    answer = value.get(key)
    if isinstance(answer, str) and answer.strip().lower() in ("true", "yes", "false", "no"):
        return answer.strip().lower() in ("true", "yes")
    return answer if isinstance(answer, bool) else None


def _source(value: Mapping[str, Any], text: str) -> str:
    """The source in the object, or where that has none in a fence beside it."""
    given = value.get("source")
    if isinstance(given, list) and all(isinstance(line, str) for line in given):
        given = "\n".join(line.rstrip("\n") for line in given)
    if isinstance(given, str) and _CLASS in given:
        return sendable(_unfenced(given)).strip() + "\n"
    blocks = [block for block in _fenced(text) if _CLASS in block]
    return sendable(blocks[-1]).strip() + "\n" if blocks else ""


def _unfenced(source: str) -> str:
    inside = [block for block in _fenced(source) if _CLASS in block]
    return inside[0] if inside else source


def _fenced(text: str) -> list[str]:
    """The contents of fenced blocks that are closed."""
    blocks: list[str] = []
    mark, lines = "", list[str]()
    for line in text.splitlines():
        fence = _FENCE.match(line)
        if not mark and fence:
            mark, lines = fence.group(1), []
        elif mark and line.strip() == mark:
            blocks.append("\n".join(lines))
            mark = ""
        else:
            lines.append(line)
    return blocks


def _text(value: Mapping[str, Any], key: str, default: str) -> str:
    given = value.get(key)
    if isinstance(given, str | int | float) and str(given).strip():
        return sendable(" ".join(str(given).split()))[:_LONGEST]
    return default


def _difficulty(given: Any, default: int) -> int:
    match = re.search(r"\d+", str(given))
    return min(5, max(1, int(match.group()[:6]))) if match else default


def _truth(given: Any, *, default: bool) -> bool:
    if isinstance(given, str):
        return given.strip().lower() in ("true", "yes", "1")
    return bool(given) if given is not None else default
