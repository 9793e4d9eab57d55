"""Licences that a merged model inherits: of its base and of every seed, as their own files state them.

Nothing is guessed: where neither the model's README nor a licence file nor the family's `licences` and `licence` say anything, it is unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from acdc.families.hub import card_licence

if TYPE_CHECKING:
    from acdc.families.family import Family, FamilySettings

UNKNOWN = "unknown"
_FILES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE")
_LONGEST = 80  # characters of a licence file's title


@dataclass(frozen=True)
class Inherited:
    """A model that went into another.

    Attributes:
        role: "base" or the seed's name.
        name: Its Hugging Face id, or what can be said of it without naming a path of this machine.
        hub: Whether `name` is a Hugging Face id.
        licence: As stated, or "unknown".
    """

    role: str
    name: str
    hub: bool
    licence: str


def inherited(family: "Family", settings: "FamilySettings") -> list[Inherited]:
    """The base and all seeds with their licences.

    Args:
        family: Its directories.
        settings: Its entry in params.yaml.
    """
    named: Mapping[str, str | None] = {"base": settings.base, **settings.seeds}
    found = []
    for role, directory in {"base": family.base, **family.seeds}.items():
        where = named.get(role)
        hub = where is not None and where.count("/") == 1 and not Path(where).expanduser().is_dir()
        if hub:
            name = str(where)
        elif settings.train is not None:
            name = f"{family.name}/{role}, trained from scratch by this project"
        else:
            name = f"{directory.name}, a local directory"
        stated = licence_of(directory) or family.licences.get(role) or family.licence
        found.append(Inherited(role, name, hub, stated or UNKNOWN))
    return found


def licence_of(directory: Path) -> str:
    """What a model directory says about its licence; empty where it says nothing."""
    stated = card_licence(directory)
    if stated and stated != UNKNOWN:
        return stated
    for name in _FILES:
        path = directory / name
        if path.is_file():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            title = next((line.strip() for line in lines if line.strip()), "")
            return f"{title[:_LONGEST]} ({name})" if title else ""
    return ""
