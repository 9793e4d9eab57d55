"""Which build of torch: for a CPU, or with CUDA.

Plain torch from PyPI brings 2.7 GB of CUDA packages on Linux, which a machine without an NVIDIA GPU has no use for. Asked in
turn for a CPU build: the sources that are configured (a mirror or a folder may have one), then PyTorch's own index, and
when neither has it the plain one is taken and its size announced.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from setup.installers import Installer

Build = Literal["cpu", "cuda"]
DOWNLOAD = {"cpu": "0.5 GB", "cuda": "3 GB"}  # of everything, measured for torch 2.13 on Linux x86-64
DISK = {
    "cpu": 3.0,
    "cuda": 9.0,
}  # GB that must be free: the installed packages and what the installer keeps meanwhile


@dataclass(frozen=True)
class Choice:
    """What to install, and from where.

    Attributes:
        requirement: torch in one version, for the installer.
        note: What a person is told before the download starts.
        cpu_index: Whether it comes from PyTorch's CPU index; else from the configured sources.
        certain: Whether it is known to be the build that was wanted, so that it may replace another one.
    """

    requirement: str
    note: str
    cpu_index: bool = False
    certain: bool = True


def wanted_build(asked: str, remembered: str, gpu: bool) -> Build:
    """What ``TORCH=`` asks for, else what the environment has been set up with, else what the machine has.

    Raises:
        ValueError: ``TORCH`` is neither cpu nor cuda.
    """
    for answer in (asked, remembered):
        if answer == "cpu" or answer == "cuda":
            return "cpu" if answer == "cpu" else "cuda"
        if answer:
            raise ValueError(f"TORCH={answer}: expected cpu or cuda")
    return "cuda" if gpu else "cpu"


def has_nvidia_gpu() -> bool:
    """Whether ``nvidia-smi`` lists a GPU."""
    if shutil.which("nvidia-smi") is None:
        return False
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False, timeout=60)
    return listed.returncode == 0 and "GPU " in listed.stdout


def is_cpu_build(plan: Sequence[str], platform: str = sys.platform) -> bool:
    """Whether a plan (see :meth:`Installer.would_install`) brings torch without CUDA."""
    torch = next((item for item in plan if item.startswith("torch==")), None)
    if torch is None:
        return False
    if "+" in torch:
        return torch.endswith("+cpu")
    return not (platform.startswith("linux") and any(re.match(r"(nvidia|cuda)-", item) for item in plan))


def choose(build: Build, version: str, venv: Path, installer: Installer) -> Choice:
    """Find a source for ``build`` of torch ``version``, asking the configured ones first."""
    exact = f"torch=={version}"
    if build == "cuda":
        # Three equal signs compare the text: a +cpu build of the same version does not pass.
        return Choice(
            f"torch==={version}", f"torch {version} with CUDA: a download of about {DOWNLOAD['cuda']}."
        )
    if is_cpu_build(installer.would_install(venv, exact)):
        return Choice(exact, f"A CPU build of torch {version}, from the configured sources.")
    if is_cpu_build(installer.would_install(venv, exact, cpu_index=True)):
        return Choice(exact, f"A CPU build of torch {version}, from PyTorch's index.", cpu_index=True)
    return Choice(
        exact,
        f"No source in reach has a CPU build of torch {version}; the plain one comes with CUDA packages: a download of "
        f"about {DOWNLOAD['cuda']}, 6 GB on disk. It works without a GPU. To stop, press Ctrl-C; a folder with a "
        "CPU wheel helps: PIP_FIND_LINKS=<folder> make setup.",
        certain=False,
    )


def installed_build(venv: Path) -> tuple[str, Build] | None:
    """Public version and build of the torch that ``venv`` has, read from its files (importing torch takes seconds)."""
    for file in venv.glob("lib/python3.*/site-packages/torch/version.py"):
        text = file.read_text(encoding="utf-8")
        version = re.search(r"^__version__ = '([^'+]+)", text, flags=re.MULTILINE)
        cuda = re.search(r"^cuda\b[^=]*= '", text, flags=re.MULTILINE)
        if version:
            return version.group(1), "cuda" if cuda else "cpu"
    return None
