"""Build .venv in the project's root, or do nothing in a few milliseconds where it is up to date: ``make setup``.

Needs nothing but a Python 3.11 or newer. uv does the work where it is there, else venv and pip. What the environment was
built from (dependencies, constraints, torch build, extras, Python, place) is kept in a stamp inside it; whenever one of
them changes, the installer runs again over what is there. It is safe to stop at any time and start again.
"""

import argparse
import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from setup import sources, torch_build
from setup.installers import Installer, Pip, Uv
from setup.requirements import SetupError, group, override_pins, pinned, wanted_extras
from setup.stamp import Stamp, forget, make_stamp, read_stamp, write_stamp

INSTALLED_BY_SECTIONS = (
    "build-system",
    "project",
    "dependency-groups",
)  # of pyproject.toml; the rest configures tools
GPU_EXTRA = "gpu"


def main(arguments: Sequence[str] | None = None) -> int:
    """Set up the environment of the project in the working directory."""
    parser = argparse.ArgumentParser(prog="make setup", description=__doc__)
    parser.add_argument("--torch", default="", help="cpu or cuda; default: what is there, else by NVIDIA GPU")
    parser.add_argument("--extras", default="", help="extras of pyproject.toml: gpu, merge, embed, ray")
    parser.add_argument("--python", default="", help="the interpreter that was asked for by name, if any")
    options = parser.parse_args(arguments)
    return guarded(
        lambda root: set_up(
            root, asked_torch=options.torch, asked_extras=options.extras, asked_python=options.python
        )
    )


def guarded(work: Callable[[Path], None]) -> int:
    """Do a set-up of the project in the working directory, alone, and say in one line what went wrong."""
    root = Path.cwd()
    try:
        with _Alone(root):
            work(root)
    except (SetupError, ValueError) as error:
        say(f"setup: {error}")
        return 2
    except subprocess.CalledProcessError as error:
        say(
            f"setup: `{' '.join(map(str, error.cmd[:4]))} …` failed. What is installed stays: mend it and run make again."
        )
        return 1
    except KeyboardInterrupt:
        say("setup: stopped. What is installed stays: make goes on from there.")
        return 130
    return 0


def set_up(root: Path, *, asked_torch: str, asked_extras: str, asked_python: str) -> None:
    """Bring ``root/.venv`` up to date; returns at once where it is."""
    venv = root / ".venv"
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    stamp = read_stamp(venv)
    python = (
        version_of(asked_python) if asked_python else f"{sys.version_info.major}.{sys.version_info.minor}"
    )
    extras = wanted_extras(asked_extras, stamp.extras if stamp else (), settings)
    connect_dvc(root)
    if stamp and not asked_torch and stamp == make_stamp(root, settings, stamp.torch, extras, python):
        return
    build = torch_build.wanted_build(asked_torch, stamp.torch if stamp else "", torch_build.has_nvidia_gpu())
    fresh = make_stamp(root, settings, build, extras, python)
    if stamp == fresh:
        return

    start = time.monotonic()
    base = asked_python or getattr(sys, "_base_executable", sys.executable)
    installer = pick_installer(base)
    reason = why_new(venv, stamp, root, python)
    check_disk(root, build, new=bool(reason))
    say(f"Setting up .venv with {installer.name}, Python {python}{f': {reason}' if reason else ''}.")
    if reason:
        forget(venv)
        installer.create(base, venv)
    install(root, venv, settings, build, extras, installer)
    write_stamp(venv, fresh)
    say(
        f"Ready after {time.monotonic() - start:.0f} s: .venv/bin/acdc, .venv/bin/python. `.venv/bin/acdc doctor` says what works here."
    )


def install(
    root: Path,
    venv: Path,
    settings: Mapping[str, Any],
    build: torch_build.Build,
    extras: Sequence[str],
    installer: Installer,
) -> None:
    """Install torch in the right build, then everything else and the project itself, editable."""
    pins = (root / "constraints.txt").read_text(encoding="utf-8")
    if GPU_EXTRA in extras:
        pins = override_pins(pins, (root / "constraints-vllm.txt").read_text(encoding="utf-8"))
    constraints = venv / "constraints.txt"
    constraints.write_text(pins, encoding="utf-8")
    install_torch(venv, pinned(pins, "torch"), build, installer)
    project = f".[{','.join(extras)}]" if extras else "."
    development = group(settings["dependency-groups"], "dev")
    installer.install(venv, ["--constraint", str(constraints), "--editable", project, *development])


def install_torch(venv: Path, version: str, build: torch_build.Build, installer: Installer) -> None:
    """Install torch in the right build, where it is not there yet."""
    present = torch_build.installed_build(venv)
    if present != (version, build):
        choice = torch_build.choose(build, version, venv, installer)
        say(choice.note)
        exchange = ["--force-reinstall"] if present and present[0] == version and choice.certain else []
        installer.install(venv, ["--no-deps", *exchange, choice.requirement], cpu_index=choice.cpu_index)


def pick_installer(base: str) -> Installer:
    """Take uv where it is there, else pip."""
    if shutil.which("uv"):
        settings = sources.pip_settings(base)
        return Uv(sources.uv_options(settings, os.environ), sources.uv_environment(settings, os.environ))
    if importlib.util.find_spec("ensurepip") is None:
        raise SetupError(f"{base} cannot make virtual environments: install its venv package, or uv")
    return Pip()


def why_new(venv: Path, stamp: Stamp | None, root: Path, python: str) -> str:
    """Why the environment must be made from nothing; empty where the one that is there can be brought up to date.

    Raises:
        SetupError: Another Python is asked for; what is there is not thrown away unasked.
    """
    if not venv.exists():
        return "there is none yet"
    if not _runs(venv / "bin" / "python"):
        return "the one here does not run"
    if stamp and stamp.root != str(root):
        return f"the project moved here from {stamp.root}"
    there = version_of(str(venv / "bin" / "python"))
    if there != python:
        raise SetupError(
            f".venv has Python {there}, Python {python} is asked for: remove it (rm -r .venv) and run make again"
        )
    return ""


def connect_dvc(root: Path) -> None:
    """Tell DVC whether there is a Git repository: a downloaded archive has none, and DVC stops unless it is told."""
    local = root / ".dvc" / "config.local"
    without_git = "[core]\n    no_scm = true\n"
    has_git = (root / ".git").exists()
    if has_git and local.is_file() and local.read_text(encoding="utf-8") == without_git:
        local.unlink()
    elif not has_git and not local.exists() and local.parent.is_dir():
        local.write_text(without_git, encoding="utf-8")


def check_disk(root: Path, build: torch_build.Build, *, new: bool) -> None:
    """Stop before a download that cannot fit.

    Raises:
        SetupError: The disk has too little room for a new environment.
    """
    free = shutil.disk_usage(root).free / 1e9
    if new and free < torch_build.DISK[build]:
        raise SetupError(
            f"{free:.1f} GB are free here, an environment needs about {torch_build.DISK[build]:.0f} GB: make room and run make again"
        )


class _Alone:
    """Two ``make`` in one project must not install at once: the second waits. The lock dies with its process."""

    def __init__(self, root: Path) -> None:
        self._file = (root / "pyproject.toml").open("rb")

    def __enter__(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another `make setup` is at work here; waiting for it.")
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()


def version_of(python: str) -> str:
    """Version of an interpreter, as 3.11; empty where it does not run."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _runs(python: Path) -> bool:
    return python.exists() and bool(version_of(str(python)))


def say(text: str) -> None:
    """Tell the person at the terminal."""
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
