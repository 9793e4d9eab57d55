"""The one registry of things that a user may replace: a name stands for a callable, its settings, its needs and its cost.

Every package offers its plugins by an entry point in a group of :data:`KINDS`; this project's own are declared the same way in
pyproject.toml. A name is found without an import; the plugin's module is imported when it is used. In place of a name,
`params.yaml` may say ``module:attribute``: a file beside `params.yaml`, or any module that Python finds.

A plugin of another package changes results, so its package and version are part of settings hashes and recipes; for
``module:attribute`` it is the hash of the module's file. This project's own plugins add nothing to them.
"""

import functools
import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel

from acdc.errors import InputError
from acdc.parsing.validation import nearest

DISTRIBUTION = "acdc-coevolution"


class Kind(NamedTuple):
    """A kind of plugin: its entry-point group, one of it in words, and the settings of `params.yaml` that name one."""

    group: str
    one: str
    named_in: tuple[str, ...]


KINDS = {
    "crossovers": Kind("acdc.crossovers", "crossover", ("crossover.kind",)),
    "mutations": Kind("acdc.mutations", "mutation", ("mutation.kind",)),
    "selections": Kind("acdc.selections", "selection rule", ("selection.rule",)),
    "scientists": Kind("acdc.scientists", "scientist", ("scientist.kind", "scientists.*.kind")),
    "embedders": Kind("acdc.embedders", "embedder", ("embedder.kind",)),
    "engines": Kind("acdc.engines", "engine", ("engine.kind", "big_engine.kind")),
    "selectors": Kind("acdc.selectors", "way to choose one of N answers", ("best_of_n.selectors",)),
}

Call = TypeVar("Call")


@dataclass(frozen=True)
class Plugin(Generic[Call]):
    """What a name stands for.

    Attributes:
        call: Does the work; its arguments are those of its kind (docs/extending.md).
        settings: Checks what `params.yaml` says to this plugin; None where there is nothing to say.
        needs: What must be there, in words; some kinds act on some of these words.
        cost: What it takes, in words.
    """

    call: Call
    settings: type[BaseModel] | None = None
    needs: tuple[str, ...] = ()
    cost: str = ""


AnyPlugin = TypeVar("AnyPlugin", bound=Plugin[Any])


@dataclass(frozen=True)
class Entry:
    """A plugin by name, not imported yet.

    Attributes:
        kind: A key of :data:`KINDS`.
        name: As settings say it.
        target: ``module:attribute``.
        package: Distribution and version; empty where no package registers it.
        built_in: Whether it is this project's own.
    """

    kind: str
    name: str
    target: str
    package: str = ""
    built_in: bool = False

    @property
    def origin(self) -> str:
        """Where it comes from, as `acdc plugins` says it."""
        return "built in" if self.built_in else self.package or self.target

    @property
    def identity(self) -> str | None:
        """What settings hashes and recipes say of it; None for a built-in one.

        Raises:
            InputError: No package registers it, and its module is not found.
        """
        if self.built_in or self.package:
            return None if self.built_in else self.package
        module = self.target.partition(":")[0]
        with _working_directory():
            try:
                spec = importlib.util.find_spec(module)
            except (ImportError, ValueError):
                spec = None
        if spec is None or spec.origin is None or not Path(spec.origin).is_file():
            raise InputError(f"there is no module {module!r} (looked in {os.getcwd()} and in Python's path)")
        digest = hashlib.blake2b(Path(spec.origin).read_bytes(), digest_size=8).hexdigest()
        return f"{self.target} {digest}"

    def load(self) -> Plugin[Any]:
        """Import it.

        Raises:
            InputError: The import fails, or the attribute is no :class:`Plugin`.
        """
        module, _, attribute = self.target.partition(":")
        with _working_directory():
            try:
                found = functools.reduce(getattr, attribute.split("."), importlib.import_module(module))
            except Exception as error:
                raise InputError(
                    f"{self._words()} can't be loaded: {type(error).__name__}: {error}"
                ) from error
        if not isinstance(found, Plugin):
            raise InputError(
                f"{self._words()} is a {type(found).__name__}; it must be an acdc.registry.Plugin"
            )
        return found

    def _words(self) -> str:
        """It, in messages."""
        told = f"{KINDS[self.kind].one} '{self.name}'"
        return told if self.target == self.name else f"{told} ({self.origin}, {self.target})"


class Registry(Generic[AnyPlugin]):
    """All plugins of a kind.

    Args:
        kind: A key of :data:`KINDS`.
        base: What settings are subclasses of, where they are a whole section (:meth:`model`).
    """

    def __init__(self, kind: str, base: type[BaseModel] = BaseModel) -> None:
        self.kind, self._base = kind, base

    def entries(self) -> list[Entry]:
        """Everything that packages register, the built-in ones first; nothing is imported."""
        points = _points(KINDS[self.kind].group, tuple(sys.path))
        found = [_entry(self.kind, point) for point in points]
        return sorted(found, key=lambda entry: (not entry.built_in, entry.name, entry.package))

    def names(self) -> list[str]:
        """Every name once, the built-in ones first."""
        return list(dict.fromkeys(entry.name for entry in self.entries()))

    def entry(self, name: str) -> Entry:
        """The plugin of this name, not imported. A built-in name always means the built-in plugin.

        Raises:
            InputError: There is no such name, or two packages register it.
        """
        if ":" in name:
            return Entry(self.kind, name, name)
        found = [entry for entry in self.entries() if entry.name == name]
        if not found:
            raise InputError(f"there is no '{name}'; {nearest(name, self.names())}{self._hint()}")
        if len(found) > 1 and not found[0].built_in:
            packages = " and ".join(entry.package for entry in found)
            raise InputError(f"'{name}' is registered by {packages}; say which: {found[0].target}")
        return found[0]

    def get(self, name: str, identity: str | None = None) -> AnyPlugin:
        """The plugin of this name, imported.

        Args:
            name: As settings say it.
            identity: What a settings hash or a recipe says of it (:attr:`Entry.identity`); None: any version.

        Raises:
            InputError: It is not there, can't be loaded, or is not the one of that identity; says what to install.
        """
        if identity is not None:
            self._require(name, identity)
        found: AnyPlugin = self.entry(name).load()  # type: ignore[assignment]  # checked to be a Plugin
        return found

    def of(self, section: BaseModel) -> AnyPlugin:
        """The plugin that the field ``kind`` of a section names."""
        return self.get(_kind_of(section))

    def identity_of(self, section: BaseModel) -> str | None:
        """:attr:`Entry.identity` of the plugin that the field ``kind`` of a section names."""
        return self.entry(_kind_of(section)).identity

    def model(self, name: str) -> type[BaseModel]:
        """The settings of a kind of plugin whose settings are a whole section, with the field ``kind``.

        Raises:
            InputError: There is no such name, or its settings lack the field or are of another base.
        """
        found = self.get(name).settings
        if found is None or "kind" not in found.model_fields or not issubclass(found, self._base):
            base = f"{self._base.__module__}.{self._base.__name__}"
            raise InputError(f"the settings of '{name}' must be a subclass of {base} with a field 'kind'")
        return found

    def _require(self, name: str, identity: str) -> None:
        """Raises InputError where the plugin of this name has another identity."""
        try:
            here = self.entry(name).identity
        except InputError:
            here = None
        if here == identity:
            return
        thing, (package, _, version) = KINDS[self.kind].one, identity.partition(" ")
        there = f"here is {here}" if here else "it is not installed"
        do = f"pip install '{package}=={version}'"
        if ":" in package:
            do = f"put the file of {package} of that time (hash {version}) into this folder"
        raise InputError(f"the {thing} '{name}' of {identity} is needed, and {there}; {do}")

    def _hint(self) -> str:
        """What to do where not even the built-in ones are registered."""
        known = any(entry.built_in for entry in self.entries())
        return "" if known else f" (the installation of {DISTRIBUTION} is older than its code: make setup)"


@functools.lru_cache(maxsize=64)
def _points(group: str, path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """The entry points of a group; `path` is Python's, so that what it gains is seen."""
    return tuple(entry_points(group=group))


def _entry(kind: str, point: EntryPoint) -> Entry:
    package = point.dist
    name = "" if package is None else package.name
    version = "" if package is None else package.version
    target = f"{point.module}:{point.attr}"
    return Entry(kind, point.name, target, f"{name} {version}".strip(), name == DISTRIBUTION)


def _kind_of(section: BaseModel) -> str:
    return str(getattr(section, "kind"))  # noqa: B009 - each section has a model of its own


@contextmanager
def _working_directory() -> Iterator[None]:
    """Let Python find files of the working directory, after everything else."""
    before, sys.path = sys.path, [*sys.path, os.getcwd()]
    try:
        yield
    finally:
        sys.path = before
