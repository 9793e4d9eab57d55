"""What works on this machine, and how to mend what does not. Looks only: nothing is installed, written or sent.

A check is ok, warn (works, but a person should know) or missing; one that the embedded family needs and that is missing
makes ``acdc doctor`` fail. Optional parts may be missing in good health.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from acdc.errors import AcdcError
from acdc.machine import memory, this_machine

State = Literal["ok", "warn", "missing"]
GIB = 2**30
ENOUGH_MEMORY = 4 * GIB  # what the default pipeline stays under
ENOUGH_DISK = 2 * GIB
EXTRAS = {
    "merge": ("mergekit", "merge methods of mergekit"),
    "gpu": ("vllm", "the engine for GPUs"),
    "embed": ("sentence-transformers", "embeddings by a trained model"),
    "ray": ("ray", "several GPUs or machines"),
}


@dataclass(frozen=True)
class Check:
    """One line of the doctor's report.

    Attributes:
        name: What was looked at.
        state: ok, warn or missing.
        detail: What is there.
        mend: How to get what is not; empty where nothing is wrong.
        needed: Whether the embedded family cannot do without it.
    """

    name: str
    state: State
    detail: str
    mend: str = ""
    needed: bool = False


def examine(root: Path) -> Iterator[Check]:
    """Yields the checks one by one, for the project in ``root``; all of them take a few seconds."""
    yield python(sys.version_info[:3])
    yield machine()
    yield free_disk(shutil.disk_usage(root).free)
    yield torch()
    yield gpu()
    yield packages()
    yield settings(root)
    yield from sandbox()
    yield dvc(root)
    yield git()
    yield endpoint(os.environ)
    yield from extras()


def python(found: tuple[int, int, int]) -> Check:
    """The interpreter's version."""
    text = ".".join(map(str, found))
    if found < (3, 11, 0):
        return Check(
            "Python", "missing", text, "Install Python 3.11, 3.12 or 3.13; `make setup` finds it", needed=True
        )
    return Check("Python", "ok", text, needed=True)


def machine() -> Check:
    """Processor and memory."""
    free = memory("MemAvailable")
    detail = f"{this_machine()}, {free / GIB:.1f} GiB of memory free"
    if 0 < free < ENOUGH_MEMORY:
        return Check(
            "machine",
            "warn",
            detail,
            "The default pipeline takes up to 4 GiB: close something, or set executor.workers: 1",
        )
    return Check("machine", "ok", detail)


def free_disk(free: int) -> Check:
    """Room on the disk, in bytes."""
    detail = f"{free / GIB:.1f} GiB free here"
    if free < ENOUGH_DISK:
        return Check("disk", "warn", detail, "Make room, or `make clean`: the default pipeline wants 2 GiB")
    return Check("disk", "ok", detail)


def torch() -> Check:
    """Version, build and threads of torch."""
    try:
        import torch
    except (ImportError, OSError) as error:
        return Check("torch", "missing", f"does not import: {error}", "make setup TORCH=cpu", needed=True)
    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU build"
    threads = torch.get_num_threads()
    detail = f"{torch.__version__}, {build}, {threads} thread{'s' if threads > 1 else ''}"
    if threads > 1:
        return Check(
            "torch", "warn", detail, "Several threads on busy cores spin: OMP_NUM_THREADS=1", needed=True
        )
    return Check("torch", "ok", detail, needed=True)


def gpu() -> Check:
    """NVIDIA GPUs, and whether the installed torch can use them."""
    listed = _first_lines(["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"])
    if not listed:
        return Check("GPU", "ok", "none: the embedded family needs none")
    names = "; ".join(listed)
    try:
        import torch
    except (ImportError, OSError):
        return Check("GPU", "warn", f"{names}, but torch does not import", "make setup TORCH=cuda")
    if torch.cuda.is_available():
        return Check("GPU", "ok", f"{names}, in torch's reach")
    if torch.version.cuda is None:
        return Check("GPU", "warn", f"{names}, but torch is a CPU build", "make setup TORCH=cuda")
    mend = f"The driver may be too old for CUDA {torch.version.cuda}: update it"
    return Check("GPU", "warn", f"{names}, but torch cannot reach it", mend)


def packages() -> Check:
    """The packages that every run needs beside torch."""
    found = {name: _version(name) for name in ("transformers", "lm-eval", "numpy", "scipy", "pydantic")}
    absent = [name for name, number in found.items() if number is None]
    if absent:
        return Check("packages", "missing", f"not installed: {', '.join(absent)}", "make setup", needed=True)
    return Check(
        "packages", "ok", ", ".join(f"{name} {number}" for name, number in found.items()), needed=True
    )


def settings(root: Path) -> Check:
    """Whether params.yaml is there and right."""
    from acdc.config import load

    file = root / "params.yaml"
    if not file.is_file():
        return Check(
            "settings", "missing", "no params.yaml here", "Run acdc in the project's root", needed=True
        )
    try:
        config = load(file, [])
    except AcdcError as error:
        return Check("settings", "missing", str(error), "Mend params.yaml", needed=True)
    detail = f"params.yaml: {', '.join(config.selected.families)} × {', '.join(config.selected.variants)}"
    return Check("settings", "ok", detail, needed=True)


def sandbox() -> Iterator[Check]:
    """Opens the sandbox, probe included, and says which layers are in force and which are not."""
    from acdc.sandbox import Sandbox, SandboxUnavailable

    try:
        with Sandbox.open() as box:
            layers = box.layers
    except SandboxUnavailable as error:
        yield Check(
            "sandbox",
            "missing",
            str(error),
            "Do what the line above says: task code runs nowhere else",
            needed=True,
        )
        return
    yield Check("sandbox", "ok", f"passes its probe behind {', '.join(layers)}", needed=True)
    for name, mend in absent_layers(layers):
        yield Check("sandbox layer", "warn", f"{name} is not in force; the others hold without it", mend)


def absent_layers(layers: Sequence[str]) -> list[tuple[str, str]]:
    """Layers that could be in force and are not, each with what brings it."""
    absent = []
    kinds = {layer.split("-")[0] for layer in layers}
    outer = bool(kinds & {"sandlock", "bwrap"})
    if not outer:
        absent.append(("an outer layer", "Linux 6.12 for sandlock, or: sudo apt-get install bubblewrap"))
    if "landlock" not in kinds:
        absent.append(("Landlock", "Linux 5.13 or newer, with landlock in /sys/kernel/security/lsm"))
    if "seccomp" not in kinds:
        absent.append(
            ("seccomp", "A kernel with CONFIG_SECCOMP_FILTER=y; in Docker: --security-opt seccomp=unconfined")
        )
    if not outer and "namespaces" not in kinds:
        absent.append(("namespaces", "On Ubuntu: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"))
    return absent


def dvc(root: Path) -> Check:
    """DVC, and whether ``dvc repro`` can work in ``root``."""
    number = _version("dvc")
    if number is None:
        return Check("DVC", "missing", "not installed", "make setup", needed=True)
    if not (root / ".dvc" / "config").is_file():
        return Check(
            "DVC",
            "missing",
            f"{number}, but this is no DVC repository",
            "Run acdc in the project's root",
            needed=True,
        )
    local = root / ".dvc" / "config.local"
    told = local.is_file() and "no_scm = true" in local.read_text(encoding="utf-8")
    if not (root / ".git").exists() and not told:
        return Check(
            "DVC",
            "missing",
            f"{number}; there is no Git repository and DVC was not told",
            "make setup",
            needed=True,
        )
    kept = "without Git" if told else "with Git"
    return Check("DVC", "ok", f"{number}, {kept}", needed=True)


def git() -> Check:
    """The git command; runs note the commit they came from."""
    lines = _first_lines(["git", "--version"])
    if not lines:
        return Check("git", "warn", "not found; the pipeline works without", "sudo apt-get install git")
    return Check("git", "ok", lines[0].removeprefix("git version "))


def endpoint(environment: Mapping[str, str]) -> Check:
    """Whether an OpenAI-compatible endpoint is configured; the key itself is never shown, and nothing is sent."""
    base = environment.get("OPENAI_BASE_URL", "")
    key = bool(environment.get("OPENAI_API_KEY"))
    mend = "For an LLM scientist or judge: export OPENAI_API_KEY=…, and OPENAI_BASE_URL=… for a server of your own"
    if not key and not base:
        return Check("endpoint", "missing", "none configured; the embedded family needs none", mend)
    if not key:
        return Check("endpoint", "warn", f"{base}, without a key", mend)
    return Check("endpoint", "ok", f"{base or 'the OpenAI API'}, with a key; not tried")


def extras() -> Iterator[Check]:
    """Optional packages."""
    for extra, (package, purpose) in EXTRAS.items():
        number = _version(package)
        if number is None:
            yield Check(package, "missing", f"optional: {purpose}", f"make setup EXTRAS={extra}")
        else:
            yield Check(package, "ok", f"{number}: {purpose}")


def healthy(checks: Sequence[Check]) -> bool:
    """Whether everything that the embedded family needs is there."""
    return all(check.state != "missing" for check in checks if check.needed)


def as_json(checks: Sequence[Check]) -> str:
    """The report for programs."""
    rows = [{key: getattr(check, key) for key in Check.__dataclass_fields__} for check in checks]
    return json.dumps({"healthy": healthy(checks), "checks": rows}, indent=2, ensure_ascii=False)


def as_text(check: Check) -> str:
    """One check for people: a line, and one more that says how to mend it."""
    line = f"{check.state:8}{check.name:22}{check.detail}"
    return f"{line}\n{'':30}→ {check.mend}" if check.mend else line


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _first_lines(command: Sequence[str]) -> list[str]:
    if shutil.which(command[0]) is None:
        return []
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except subprocess.TimeoutExpired:
        return []
    return done.stdout.strip().splitlines() if done.returncode == 0 else []
