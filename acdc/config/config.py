"""``params.yaml`` as typed, checked settings.

This floor knows its own sections; the floors above register theirs through the entry-point group ``acdc.settings``
(section name = "module:Model"). Everything is checked when the file is read, every variant of every selected family
included, so that a misspelt key stops a command before it writes anything.

A run's settings are layered: defaults of the code, the family's preset, ``evolution`` (for every family), the family's
own ``evolution``, the variant's overlay. Later layers win key by key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel

from acdc.chat.settings import JudgesSettings, LLMScientistSettings
from acdc.config.evolution import EvolutionSettings, ExecutorSettings, Selected, TaskforceSettings
from acdc.config.run_spec import RunKey, RunSpec, resolve
from acdc.engines.plugins import ENGINES
from acdc.engines.settings import AnyEngineSettings, EngineSettings
from acdc.errors import InputError
from acdc.families.family import FamilySettings
from acdc.parsing.validation import check_keys, merged, nearest, validate
from acdc.parsing.yaml import YamlError, read_settings_file, read_yaml
from acdc.registry import Registry
from acdc.sandbox.settings import SandboxSettings
from acdc.tasks.plugins import EMBEDDERS, SCIENTISTS
from acdc.tasks.settings import EmbedderSettings, ScientistSettings

SETTINGS_GROUP = "acdc.settings"
OWN_SECTIONS: dict[str, type[BaseModel]] = {
    "selected": Selected,
    "engine": EngineSettings,
    "scientist": ScientistSettings,
    "judges": JudgesSettings,
    "embedder": EmbedderSettings,
    "sandbox": SandboxSettings,
    "executor": ExecutorSettings,
    "taskforce": TaskforceSettings,
}
OVERLAYS = ("evolution", "variants", "presets")
SectionModel = TypeVar("SectionModel", bound=BaseModel)


@runtime_checkable
class Checked(Protocol):
    """A section whose entries must fit those of other sections."""

    def check(self, config: "Config") -> None:
        """Raise InputError, with the path of the entry, where something does not fit."""
        ...


@dataclass(frozen=True)
class Config:
    """All of ``params.yaml``, parsed. Build it with :func:`load` or :func:`parse`."""

    path: Path
    families: Mapping[str, FamilySettings]
    variants: Mapping[str, Mapping[str, Any]]
    presets: Mapping[str, Mapping[str, Any]]
    overlay: Mapping[str, Any]
    sections: Mapping[str, BaseModel] = field(repr=False)
    scientists: Mapping[str, BaseModel] = field(default_factory=dict)

    @cached_property
    def selected(self) -> Selected:
        """The cells the pipeline runs."""
        return self.section("selected", Selected)

    @cached_property
    def engine(self) -> AnyEngineSettings:
        """What answers."""
        return self.section("engine", AnyEngineSettings)

    @cached_property
    def scientist(self) -> BaseModel:
        """Who writes tasks."""
        return self.sections["scientist"]

    def scientist_of(self, settings: EvolutionSettings) -> BaseModel:
        """Who writes the tasks of a run: the entry of ``scientists`` that its settings name, else the section ``scientist``."""
        return self.scientist if settings.scientist is None else self.scientists[settings.scientist]

    @cached_property
    def judges(self) -> JudgesSettings:
        """Who judges what a language model judges."""
        return self.section("judges", JudgesSettings)

    @cached_property
    def embedder(self) -> BaseModel:
        """What turns tasks into vectors."""
        return self.sections["embedder"]

    @cached_property
    def sandbox(self) -> SandboxSettings:
        """Where code that is not ours runs."""
        return self.section("sandbox", SandboxSettings)

    @cached_property
    def executor(self) -> ExecutorSettings:
        """How work is spread."""
        return self.section("executor", ExecutorSettings)

    @cached_property
    def taskforce(self) -> TaskforceSettings:
        """How task forces are chosen."""
        return self.section("taskforce", TaskforceSettings)

    def section(self, name: str, model: type[SectionModel]) -> SectionModel:
        """A section by name, for the floor that registered it."""
        found = self.sections[name]
        if not isinstance(found, model):
            raise TypeError(f"section {name} is a {type(found).__name__}, not a {model.__name__}")
        return found

    def family(self, name: str) -> FamilySettings:
        """A family's settings. Raises InputError with the nearest name."""
        if name not in self.families:
            raise InputError(f"families.{name}: no such family; {nearest(name, self.families)}")
        return self.families[name]

    def engine_of(self, family: str, *, big: bool = False) -> AnyEngineSettings:
        """The engine that a family's models are asked with: the `engine` section, with the family's own overlays.

        Args:
            family: Its name; models of no family in the file are asked with the section as it is.
            big: For the family's big model.
        """
        given = self.families.get(family)
        if given is None or not (given.engine or (big and given.big_engine)):
            return self.engine
        own = merged(given.engine, given.big_engine if big else {})
        where = f"families.{family}.{'big_engine' if big and given.big_engine else 'engine'}"
        asked = merged({"kind": self.engine.kind}, own)
        model = _of_kind(asked, where, ENGINES, self.engine.kind)
        # Settings of another kind of engine mean nothing to this one.
        shared = self.engine.model_dump(exclude_unset=True) if asked["kind"] == self.engine.kind else {}
        found = validate(model, merged(shared, asked), where)
        assert isinstance(found, AnyEngineSettings)
        return found

    def evolution(self, family: str, variant: str) -> EvolutionSettings:
        """The resolved settings of a run of ``variant`` in ``family``."""
        if variant not in self.variants:
            raise InputError(f"variants.{variant}: no such variant; {nearest(variant, self.variants)}")
        settings = self.family(family)
        if settings.preset is not None and settings.preset not in self.presets:
            raise InputError(
                f"families.{family}.preset: no preset '{settings.preset}'; {nearest(settings.preset, self.presets)}"
            )
        preset = self.presets[settings.preset] if settings.preset is not None else {}
        layers = (preset, self.overlay, settings.evolution, self.variants[variant])
        found = validate(EvolutionSettings, merged(*layers), f"evolution of {family}/{variant}")
        if found.scientist is not None and found.scientist not in self.scientists:
            raise InputError(
                f"evolution of {family}/{variant}.scientist: no entry '{found.scientist}' in scientists; "
                f"{nearest(found.scientist, self.scientists)}"
            )
        return found

    def run_spec(self, family: str, variant: str, seed: int) -> RunSpec:
        """A run with its settings and the runs that it replays; for commands, which hand it on.

        Raises:
            InputError: There is no such family or variant, or none of what it replays; the message names the nearest.
        """
        return resolve(RunKey(family, variant, seed), self.evolution, self.variants)

    def run_specs(self, family: str, variants: Sequence[str] = ()) -> list[RunSpec]:
        """The runs of a family with all selected seeds, of these variants or, without any, of the selected ones."""
        return [
            self.run_spec(family, variant, seed)
            for variant in variants or self.selected.variants
            for seed in self.selected.seeds
        ]


def load(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read and check a settings file.

    Args:
        path: ``params.yaml``.
        overrides: ``dotted.key=value`` pairs (values are YAML) laid over the file.

    Raises:
        InputError: The file is missing, not YAML, or says something it may not.
    """
    data = read_settings_file(path)
    try:
        return parse(merged(data, *map(override, overrides)), path)
    except InputError as error:
        raise InputError("\n".join(f"{path}: {line}" for line in str(error).splitlines())) from None


def parse(data: Mapping[str, Any], path: Path = Path("params.yaml")) -> Config:
    """Check settings that are already a mapping; see :func:`load`."""
    models = {
        **OWN_SECTIONS,
        **registered_sections(),
        "engine": _of_kind(_mapping(data, "engine"), "engine", ENGINES, "transformers"),
        "scientist": _scientist(_mapping(data, "scientist"), "scientist"),
        "embedder": _of_kind(_mapping(data, "embedder"), "embedder", EMBEDDERS, "hashing"),
    }
    known = [*models, "families", "scientists", *OVERLAYS]
    for name in data:
        if name not in known:
            raise InputError(f"{name}: unknown section; {nearest(str(name), known)}")
    sections = {name: validate(model, data.get(name) or {}, name) for name, model in models.items()}
    families = {
        name: validate(FamilySettings, value or {}, f"families.{name}")
        for name, value in _mapping(data, "families").items()
    }
    evolution = _mapping(data, "evolution")
    variants, presets = (_mappings(data, group) for group in ("variants", "presets"))
    named = {"variants": variants, "presets": presets}
    layers = [(f"{group}.{name}", one) for group, ones in named.items() for name, one in ones.items()]
    layers.append(("evolution", evolution))
    layers += [(f"families.{name}.evolution", family.evolution) for name, family in families.items()]
    for where, layer in layers:  # each alone, so that a fault is reported where it was written
        check_keys(EvolutionSettings, layer, where)
    scientists: dict[str, Any] = {
        name: validate(_scientist(value, f"scientists.{name}"), value, f"scientists.{name}")
        for name, value in _mappings(data, "scientists").items()
    }
    config = Config(path, families, variants, presets, evolution, sections, scientists)
    _check_selected(config)
    for section in sections.values():
        if isinstance(section, Checked):
            section.check(config)
    return config


def registered_sections() -> dict[str, type[BaseModel]]:
    """Sections that the floors above have registered."""
    return {point.name: point.load() for point in entry_points(group=SETTINGS_GROUP)}


def _scientist(given: Mapping[str, Any], where: str) -> type[BaseModel]:
    """The settings of the kind of scientist that is asked for; a transcript to replay is always of a language model."""
    return LLMScientistSettings if "replay" in given else _of_kind(given, where, SCIENTISTS, "grammar")


def _of_kind(given: Mapping[str, Any], where: str, kinds: Registry[Any], default: str) -> type[BaseModel]:
    """The settings of the ``kind`` that a section names."""
    try:
        return kinds.model(str(given.get("kind", default)))
    except InputError as error:
        raise InputError(f"{where}.kind: {error}") from None


def _check_selected(config: Config) -> None:
    selected = config.selected
    for index, family in enumerate(selected.families):
        if family not in config.families:
            raise InputError(
                f"selected.families.{index}: no family '{family}'; {nearest(family, config.families)}"
            )
    for index, variant in enumerate(selected.variants):
        if variant not in config.variants:
            raise InputError(
                f"selected.variants.{index}: no variant '{variant}'; {nearest(variant, config.variants)}"
            )
    for name in ("families", "variants", "seeds"):
        values = getattr(selected, name)
        if len(set(values)) != len(values):
            raise InputError(f"selected.{name}: an entry is listed twice: {values}")
    for family in config.families:
        for big in (False, True):
            config.engine_of(family, big=big)
        # What `evolution` sets for a run need not fit the presets of families that nobody runs; they are checked when they are.
        for variant in config.variants if family in selected.families else ():
            config.run_spec(family, variant, 0)


def _mapping(data: Mapping[str, Any], name: str, prefix: str = "") -> dict[str, object]:
    value = data.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(f"{prefix}{name}: expected a mapping, got {value!r:.80}")
    return value


def _mappings(data: Mapping[str, Any], group: str) -> dict[str, dict[str, object]]:
    """A section of named mappings."""
    named = _mapping(data, group)
    return {name: _mapping(named, name, f"{group}.") for name in named}


def override(text: str) -> dict[str, object]:
    """``a.b=1`` as ``{"a": {"b": 1}}``.

    Raises:
        InputError: It is no such pair, or :func:`read_yaml` refuses the value.
    """
    dotted, separator, value = text.partition("=")
    if not separator or not dotted:
        raise InputError(f"--set {text}: expected KEY.SUBKEY=VALUE")
    try:
        nested: Any = read_yaml(value)
    except YamlError as error:
        raise InputError(f"--set {text}: {error}") from None
    for part in reversed(dotted.split(".")):
        nested = {part: nested}
    return dict(nested)
