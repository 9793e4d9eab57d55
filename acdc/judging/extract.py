r"""What of a reply ``score`` receives.

The whole reply for tasks marked as code; else the last ``\boxed{…}`` with balanced braces, over lines if need be; else the text
after the last ``####``; else what follows "Answer:" on the last line that begins with it; else the whole reply. All but code is
stripped. Reflection and evaluation use this one function.

Guarantees: never raises, takes time linear in the reply, and an answer written in any of the forms comes back stripped.
Source: section 1 of the method; the published extractor is greedy across several boxes and loses those of several lines.
"""

import re

# An escaped brace opens and closes nothing; a backslash doubled by somebody's JSON still makes a box.
_TOKEN = re.compile(r"(?P<box>\\+boxed\s*\{)|\\.|(?P<open>\{)|(?P<close>\})", re.DOTALL)
_ANSWER = re.compile(r"^[ \t]*Answer:(.*)$", re.MULTILINE)


def last_boxed(text: str) -> str | None:
    r"""The content of the last complete outermost ``\boxed{…}``, stripped; None where there is none.

    A box that is never closed (a reply cut off) hides none of the complete ones before or inside it.
    """
    content: str | None = None
    opened: list[int | None] = []  # where the content of each open box starts; None for a plain brace
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "box":
            opened.append(token.end())
        elif token.lastgroup == "open":
            opened.append(None)
        elif token.lastgroup == "close" and opened:
            start = opened.pop()
            if start is not None:  # a box that closes later lies after the last one or around it
                content = text[start : token.start()].strip()
    return content


def extract(reply: str, is_code: bool) -> str:
    """The submission in a reply.

    Args:
        reply: What a model answered.
        is_code: The task takes the whole reply.
    """
    if is_code:
        return reply
    boxed = last_boxed(reply)
    if boxed is not None:
        return boxed
    if "####" in reply:
        return reply.rpartition("####")[2].strip()
    answers = _ANSWER.findall(reply)
    return str(answers[-1]).strip() if answers else reply.strip()
