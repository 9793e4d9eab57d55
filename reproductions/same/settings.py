"""The settings of the numerical libraries that a pipeline runs under: settings.yaml, checked."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, RootModel, ValidationError

from acdc.errors import InputError
from acdc.parsing.section import Section
from acdc.parsing.yaml import read_yaml_file
from acdc.processes.machine import CPU_INFO

SETTINGS = Path(__file__).parent / "settings.yaml"


class Setting(Section):
    """One way to run the pipeline.

    Attributes:
        says: What it stands for.
        processor: Flag that the processor must have; empty where none.
        environment: Variables of the process.
        overlay: Settings laid over params.yaml.
    """

    says: str
    processor: str = ""
    environment: dict[str, str] = Field({})
    overlay: dict[str, Any] = Field({})

    @property
    def threads(self) -> int:
        """Threads that an engine computes with."""
        return int(self.overlay.get("engine", {}).get("threads", 1))


class _Settings(RootModel[dict[str, Setting]]):
    root: dict[str, Setting] = Field(min_length=2)


def read_settings(path: Path = SETTINGS) -> dict[str, Setting]:
    """All settings by name, the one that others are compared with first.

    Raises:
        InputError: The file is missing or not as described.
    """
    try:
        return _Settings.model_validate(read_yaml_file(path)).root
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def chosen(settings: Mapping[str, Setting], names: Sequence[str]) -> dict[str, Setting]:
    """The settings of these names, in the file's order, the first of the file always among them.

    Args:
        settings: Of :func:`read_settings`.
        names: Empty: all.

    Raises:
        InputError: There is no setting of a name.
    """
    first = next(iter(settings))
    unknown = [name for name in names if name not in settings]
    if unknown:
        raise InputError(f"--settings {unknown[0]}: no such setting; there are {', '.join(settings)}")
    return {name: it for name, it in settings.items() if not names or name in names or name == first}


def unavailable(setting: Setting, cpu_info: Path = CPU_INFO) -> str:
    """Why this machine cannot run a setting, in words; empty where it can, or where the system does not say."""
    if not setting.processor or not cpu_info.is_file():
        return ""
    flags = {
        flag
        for line in cpu_info.read_text(encoding="utf-8").splitlines()
        if line.startswith("flags")
        for flag in line.partition(":")[2].split()
    }
    return f"this processor has no {setting.processor}" if flags and setting.processor not in flags else ""


def stated(setting: Setting, settings: Mapping[str, Setting], shell: Mapping[str, str]) -> dict[str, str]:
    """The environment of a setting: the shell's, without any variable that some setting names, then the setting's own."""
    named = {name for it in settings.values() for name in it.environment}
    return {name: value for name, value in shell.items() if name not in named} | setting.environment
