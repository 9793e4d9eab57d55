"""Text and markup are files below `report/`: here they are loaded, with every value escaped that is put into HTML."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reproductions.text.numbers import interval, p_value, percent, points

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent


@cache
def environment() -> "Environment":
    """Templates of the report. A name that a template uses and the caller did not give is an error, not a gap in the page."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    found = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(enabled_extensions=("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(percent=percent, points=points, p_value=p_value)
    found.globals.update(interval=interval)
    return found


def render(name: str, **values: Any) -> str:
    """A template's text."""
    return environment().get_template(name).render(**values)


def safe(markup: str) -> Any:
    """Markup that was built from an escaped tree and goes into a page as it is."""
    from markupsafe import Markup

    return Markup(markup)
