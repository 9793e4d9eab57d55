"""A chat completion as a reply: endpoints are of many makes, so nothing about the shape of their answer is believed."""

from collections.abc import Mapping
from typing import Any

from acdc.chat.call import Reply

_MOST = 10**12  # tokens of one call; who reports more does not count


def reply_of(done: object, model: str) -> Reply:
    """The reply in what the ``openai`` client made of an answer.

    Args:
        done: Its completion, or whatever else came with status 200.
        model: As asked for, where the endpoint does not say.

    Raises:
        ValueError: It is no completion; the message says what it says of itself, where it does.
    """
    choices = getattr(done, "choices", None)
    first = choices[0] if isinstance(choices, list) and choices else None
    message = getattr(first, "message", None)
    if message is None or not hasattr(message, "content"):
        raise ValueError(f"a reply without choices{complaint(done)}")
    usage = getattr(done, "usage", None)
    return Reply(
        text_of(message.content),
        reported_model(done, model),
        count_of(usage, "prompt_tokens"),
        count_of(usage, "completion_tokens"),
        str(getattr(first, "finish_reason", None) or "stop"),
    )


def text_of(content: object) -> str:
    """The text of a message, also where it comes in parts; "" where there is none."""
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, Mapping)]
        return "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""


def reported_model(done: object, asked: str) -> str:
    """The model as the endpoint reports it, else as asked for."""
    return str(getattr(done, "model", None) or asked)


def count_of(usage: object, name: str) -> int:
    """A count of tokens; 0 where the endpoint does not count, or says what can be none."""
    given: Any = getattr(usage, name, None)
    return int(given) if isinstance(given, int | float) and 0 <= given <= _MOST else 0


def complaint(done: object) -> str:
    """What an endpoint that answers with 200 and an error says, uncut: it may hold the key, which the message that shows it leaves out."""
    error = getattr(done, "error", None)
    said = error.get("message", error) if isinstance(error, Mapping) else error
    return f"; it says: {said}" if said else ""
