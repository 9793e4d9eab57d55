"""What is to be installed: pins, dependency groups and extras, read from the project's files."""

from collections.abc import Mapping, Sequence
from typing import Any


class SetupError(Exception):
    """The environment cannot be built; the message says what to do."""


def group(groups: Mapping[str, list[Any]], name: str) -> list[str]:
    """Requirements of a dependency group, included groups too (pip reads groups only from 25.1 on)."""
    found: list[str] = []
    for entry in groups[name]:
        found += [entry] if isinstance(entry, str) else group(groups, entry["include-group"])
    return found


def pinned(constraints: str, package: str) -> str:
    """The version that ``constraints`` pin ``package`` to."""
    for line in constraints.splitlines():
        if line.startswith(f"{package}=="):
            return line.split("==")[1].split(";")[0].strip()
    raise SetupError(f"constraints.txt does not pin {package}")


def override_pins(constraints: str, others: str) -> str:
    """``constraints`` with the pins of ``others`` in place of its own for the same packages."""
    names = {line.split("==")[0] for line in others.splitlines() if "==" in line}
    kept = [line for line in constraints.splitlines() if line.split("==")[0] not in names]
    return "\n".join([*kept, *others.splitlines()]) + "\n"


def wanted_extras(asked: str, present: Sequence[str], settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Extras that are asked for, added to those ``present``.

    Raises:
        SetupError: pyproject.toml knows no such extra.
    """
    known = sorted(settings["project"].get("optional-dependencies", {}))
    names = asked.replace(",", " ").split()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SetupError(f"EXTRAS={asked}: there is no {unknown[0]}; there are {', '.join(known)}")
    return tuple(sorted({*names, *present}))
