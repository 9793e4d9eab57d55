"""Functions that a benchmark's YAML names: `module:function`."""

import importlib
from collections.abc import Callable
from typing import Any


def named(what: str) -> Callable[..., Any]:
    """The function `module:function`."""
    module, _, name = what.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found
