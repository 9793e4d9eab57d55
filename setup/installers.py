"""The two ways to install: uv where it is there, else pip. Both answer the same three questions.

``create`` makes an environment, ``install`` puts packages into it, ``would_install`` says what ``install`` would bring, without
doing it. Nothing here decides anything: that is in torch_build.py and environment.py.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

PYTORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PROGRESS = (
    "Collecting ",
    "Downloading ",
    "Building ",
    "Installing collected",
)  # what of pip's many lines is news
PROBE_SECONDS = 15  # how long a source may take to answer before it counts as out of reach


class Installer(Protocol):
    """What makes and fills the environment."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    def create(self, base: str, venv: Path) -> None:
        """Make ``venv`` with the interpreter ``base``; one that is there is emptied."""

    def install(self, venv: Path, requirements: Sequence[str], *, cpu_index: bool = False) -> None:
        """Install ``requirements``, options included; from PyTorch's CPU index if told so."""

    def would_install(self, venv: Path, requirement: str, *, cpu_index: bool = False) -> list[str]:
        """Names and versions, ``name==version``, that this requirement and what it needs would bring; empty if impossible."""


@dataclass(frozen=True)
class Pip:
    """venv and pip, which every complete Python brings."""

    name: str = "pip"

    def create(self, base: str, venv: Path) -> None:
        """See :class:`Installer`."""
        subprocess.run([base, "-m", "venv", "--clear", "--prompt", "acdc", str(venv)], check=True)

    def install(self, venv: Path, requirements: Sequence[str], *, cpu_index: bool = False) -> None:
        """See :class:`Installer`."""
        index = ["--index-url", PYTORCH_CPU_INDEX] if cpu_index else []
        command = [*self._pip(venv), "--progress-bar", "off", *index, *requirements]
        variables = {**os.environ, "PYTHONUNBUFFERED": "1"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=variables) as process:
            for line in process.stdout or ():
                if line.lstrip().startswith(PROGRESS):
                    sys.stderr.write(line if len(line) < 120 else f"{line[:116]} …\n")
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)

    def would_install(self, venv: Path, requirement: str, *, cpu_index: bool = False) -> list[str]:
        """See :class:`Installer`."""
        options = ["--dry-run", "--no-deps", "--ignore-installed", "--quiet", "--report", "-"]
        if cpu_index:
            options += ["--index-url", PYTORCH_CPU_INDEX, "--retries", "0", "--timeout", str(PROBE_SECONDS)]
        done = subprocess.run(
            [*self._pip(venv), *options, requirement], capture_output=True, text=True, check=False
        )
        return parse_pip_report(done.stdout) if done.returncode == 0 else []

    @staticmethod
    def _pip(venv: Path) -> list[str]:
        return [str(venv / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]


@dataclass(frozen=True)
class Uv:
    """uv, with the sources that pip is configured with. The environment it makes does not need uv afterwards."""

    options: Sequence[str] = ()
    environment: dict[str, str] = field(default_factory=dict)
    name: str = "uv"

    def create(self, base: str, venv: Path) -> None:
        """See :class:`Installer`."""
        self._uv(
            ["venv", "--quiet", "--clear", "--no-project", "--prompt", "acdc", "--python", base, str(venv)]
        )
        self.install(venv, ["--quiet", "pip"])  # people expect .venv/bin/pip

    def install(self, venv: Path, requirements: Sequence[str], *, cpu_index: bool = False) -> None:
        """See :class:`Installer`."""
        self._uv(["pip", "install", *self._where(venv, cpu_index), *requirements])

    def would_install(self, venv: Path, requirement: str, *, cpu_index: bool = False) -> list[str]:
        """See :class:`Installer`."""
        hurry = {"UV_HTTP_TIMEOUT": str(PROBE_SECONDS), "UV_HTTP_RETRIES": "0"} if cpu_index else {}
        command = [
            "uv",
            "pip",
            "install",
            "--dry-run",
            "--reinstall",
            *self._where(venv, cpu_index),
            requirement,
        ]
        variables = {**os.environ, **self.environment, **hurry}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=variables)
        return parse_uv_plan(done.stderr) if done.returncode == 0 else []

    def _where(self, venv: Path, cpu_index: bool) -> list[str]:
        backend = ["--torch-backend", "cpu"] if cpu_index else []
        return ["--python", str(venv / "bin" / "python"), *self.options, *backend]

    def _uv(self, arguments: Sequence[str]) -> None:
        subprocess.run(["uv", *arguments], check=True, env={**os.environ, **self.environment})


def parse_pip_report(report: str) -> list[str]:
    """What a ``pip install --report`` of one requirement names: the package, then what it needs on this system."""
    found = []
    for entry in json.loads(report)["install"]:
        metadata = entry["metadata"]
        found.append(f"{metadata['name']}=={metadata['version']}")
        found += [need for need in metadata.get("requires_dist", []) if "extra ==" not in need]
    return found


def parse_uv_plan(output: str) -> list[str]:
    """The packages that ``uv pip install --dry-run`` says it would add."""
    return re.findall(r"^ [+~] (\S+==\S+)", output, flags=re.MULTILINE)
