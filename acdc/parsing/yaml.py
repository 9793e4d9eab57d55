"""YAML that a person wrote, read without running anything and without losing anything.

PyYAML keeps the last of two entries with the same key and says nothing of the first; YAML forbids them (1.2.2, section
3.2.1.1). Here the second is an error that names both lines.
"""

from pathlib import Path
from typing import Any

import yaml

from acdc.errors import InputError


class RepeatedKeyError(yaml.YAMLError):
    """A mapping has two entries with the same key."""


class Loader(yaml.SafeLoader):
    """PyYAML's safe loader that refuses a key given twice."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Looks at the keys as they were written: later `<<` adds entries that may well be there already."""
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        seen: dict[tuple[str, str], yaml.Mark] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            first = seen.setdefault((key.tag, key.value), key.start_mark)
            if first is not key.start_mark:
                raise RepeatedKeyError(f"`{key.value}` is given twice, {_lines(first, key.start_mark)}")
        return node


def read_yaml(text: str) -> Any:
    """What a text in YAML says.

    Raises:
        yaml.YAMLError: It is no YAML, or has a key twice in one mapping.
    """
    return yaml.load(text, Loader)


def read_settings_file(path: Path) -> dict[str, Any]:
    """The sections of a settings file, unchecked.

    Raises:
        InputError: The file is missing, not YAML, has a key twice in one mapping, or holds no mapping.
    """
    if not path.is_file():
        raise InputError(
            f"{path}: no such settings file; run in the project's folder, or name one with --params"
        )
    try:
        data = read_yaml(path.read_text(encoding="utf-8"))
    except RepeatedKeyError as error:
        raise InputError(f"{path}: {error}; keep one") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable as YAML: {error}") from None
    if not isinstance(data, dict):
        raise InputError(f"{path}: expected a mapping of sections, got {type(data).__name__}")
    return data


def _lines(first: yaml.Mark, second: yaml.Mark) -> str:
    one, other = first.line + 1, second.line + 1
    return f"line {one}" if one == other else f"lines {one} and {other}"
