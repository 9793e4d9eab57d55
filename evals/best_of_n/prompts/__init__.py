"""What judges are asked, one file for each question, and how it is filled in."""

from pathlib import Path
from string import Template

_HERE = Path(__file__).parent
_SHOWN = 16_000  # characters of a reply that a judge sees; the end, where the answer stands


def filled(name: str, **texts: str) -> str:
    """A prompt with texts put in; texts are shown as they are, `$` in them means nothing."""
    return Template((_HERE / f"{name}.txt").read_text("utf-8")).substitute(texts)


def shown(reply: str) -> str:
    """A reply as a judge reads it: its end where it is very long, without what is no text."""
    text = reply if len(reply) <= _SHOWN else f"[…]\n{reply[-_SHOWN:]}"
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")
    return text.strip() or "(nothing)"
