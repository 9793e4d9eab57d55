"""YAML 1.2 that a person wrote, read as DVC reads it, without running anything and without losing anything.

Two things that a reader passes over in silence are errors here, with their place:

- A key given twice in one mapping (YAML forbids it, 1.2.2, section 3.2.1.1).
- A value that YAML 1.1 reads differently: other programs (lm-eval, the Hugging Face hub) would see 8 in ``010``, 90 in
  ``1:30`` and false in ``no``. ``1e-3`` is not among them: it is a number to YAML 1.2 and a text to 1.1, never another number.
"""

import re
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acdc.errors import InputError

if TYPE_CHECKING:
    from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

_TAG = "tag:yaml.org,2002:"
_WORD = re.compile(
    r"yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF"
)  # 1.1 has y and n, too, but no reader follows it
_BASE_60 = re.compile(r"[-+]?(?:[1-9][0-9_]*(?::[0-5]?[0-9])+|[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)")
_OTHER_BASE = re.compile(r"[-+]?0[0-9ob]")
_DEEPEST = 100


class YamlError(ValueError):
    """A text is no YAML, has a key twice in one mapping, or a value that YAML 1.1 reads differently."""


def read_yaml(text: str, *, as_text: Sequence[str] = ()) -> Any:
    """What a text in YAML says.

    Args:
        text: One document.
        as_text: Tags of other programs, whose values are read as text (``!function``).

    Raises:
        YamlError: It is no YAML, has a key twice in one mapping, or a value that YAML 1.1 reads differently.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.tag import Tag

    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = _DEEPEST
    try:
        constructor, _ = yaml.get_constructor_parser(StringIO(text))
        root = constructor.composer.get_single_node()
        if root is None:
            return None
        for node in _nodes(root):
            if str(node.tag) in as_text:
                node.ctag = Tag(suffix=f"{_TAG}str")
        return constructor.construct_document(root)
    except YamlError:
        raise
    except IndexError:  # ruamel's reader of tags does not know the tags of a %YAML line
        raise YamlError("not readable as YAML: remove the %YAML line") from None
    except (YAMLError, ValueError) as error:
        if isinstance(error, DuplicateKeyError):
            error.note = None  # how a program would let it pass
        raise YamlError(f"not readable as YAML: {error}") from None


def read_yaml_file(path: Path, *, as_text: Sequence[str] = ()) -> Any:
    """What a file in YAML says.

    Args:
        path: The file, in UTF-8.
        as_text: As of :func:`read_yaml`.

    Raises:
        InputError: The file is missing or unreadable, or :func:`read_yaml` refuses it.
    """
    try:
        return read_yaml(path.read_text(encoding="utf-8"), as_text=as_text)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not readable as YAML: {error}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except YamlError as error:
        raise InputError(f"{path}: {error}") from None


def read_settings_file(path: Path) -> dict[str, Any]:
    """The sections of a settings file, unchecked.

    Raises:
        InputError: The file is missing, :func:`read_yaml` refuses it, or it holds no mapping.
    """
    if not path.is_file():
        raise InputError(
            f"{path}: no such settings file; run in the project's folder, or name one with --params"
        )
    data = read_yaml_file(path)
    if not isinstance(data, dict):
        raise InputError(f"{path}: expected a mapping of sections, got {type(data).__name__}")
    return data


def write_yaml(data: Any, *, width: int = 100) -> str:
    """YAML that versions 1.1 and 1.2 read the same; keys in their order.

    Args:
        data: Mappings, lists, texts, numbers, truth values and None.
        width: Characters in a line, where a text can be folded.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.representer import SafeRepresenter

    class Representer(SafeRepresenter):
        """Quotes what YAML 1.1 would take for a number or a truth value."""

        def represent_str(self, data: str) -> Any:
            return self.represent_scalar(f"{_TAG}str", data, style="'" if _text_to_1_2_only(data) else None)

        def represent_float(self, data: float) -> Any:
            node = super().represent_float(data)
            if "." not in node.value:
                node.value = node.value.replace("e", ".0e")
            return node

    Representer.add_representer(str, Representer.represent_str)
    Representer.add_representer(float, Representer.represent_float)
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = Representer
    yaml.default_flow_style, yaml.width = False, width
    yaml.representer.sort_base_mapping_type_on_output = False  # keys stay in their order
    text = StringIO()
    yaml.dump(data, text)
    return text.getvalue()


def _nodes(root: "Node") -> Iterator["Node"]:
    """Every node once, checked."""
    from ruamel.yaml.nodes import MappingNode, ScalarNode

    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, ScalarNode):
            _check_scalar(node)
        elif isinstance(node, MappingNode):
            _check_keys(node)
            waiting += [part for pair in reversed(node.value) for part in reversed(pair)]
        else:
            waiting += reversed(node.value)


def _check_keys(node: "MappingNode") -> None:
    """Looks at the keys as they were written: later `<<` adds entries that may well be there already."""
    seen: dict[tuple[str, str], int] = {}
    for key, _ in node.value:
        if isinstance(key.value, str):
            line = key.start_mark.line + 1
            name = str(key.tag), key.value
            if name in seen:
                first = seen[name]
                lines = f"line {line}" if first == line else f"lines {first} and {line}"
                raise YamlError(f"`{key.value}` is given twice, {lines}; keep one")
            seen[name] = line


def _check_scalar(node: "ScalarNode") -> None:
    """Refuse a value that a reader of YAML 1.1 understands differently."""
    value = node.value
    if node.style is not None:  # quoted
        return
    quoted = f"'{value}'"
    kind = str(node.tag).removeprefix(_TAG)
    if kind == "str" and _WORD.fullmatch(value):
        plain = "true" if value.lower() in ("yes", "on") else "false"
        hint = f"write {plain}, or {quoted} if it is text"
    elif kind == "timestamp":
        hint = f"write {quoted}: a date is text here"
    elif (
        _text_to_1_2_only(value)
        or (kind == "int" and _OTHER_BASE.match(value))
        or (kind in ("int", "float") and "_" in value)
    ):
        hint = f"write a number in decimal digits alone, or {quoted} if it is text"
    else:
        return
    mark = node.start_mark
    raise YamlError(
        f"line {mark.line + 1}, column {mark.column + 1}: YAML 1.1 and 1.2 read `{value}` differently; {hint}"
    )


def _text_to_1_2_only(value: str) -> bool:
    return bool(_WORD.fullmatch(value) or _BASE_60.fullmatch(value))
