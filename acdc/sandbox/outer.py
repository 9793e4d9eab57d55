"""What may be put around the worker: one command line per outer layer.

Around means in addition: the worker enters its own layers inside as far as the outer one lets it.
"""

import json
import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from acdc.sandbox.settings import OuterName

_INSIDE = Path(__file__).parent / "inside"
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")


@dataclass(frozen=True)
class Outer:
    """One outer layer.

    Attributes:
        name: sandlock, bwrap, or none.
        command: Command line that starts a worker behind it.
    """

    name: str
    command: tuple[str, ...]


def candidates(wanted: OuterName) -> Iterator[Outer]:
    """Yields the outer layers to try, the strongest first; nothing where the one asked for is not installed."""
    worker = _worker_command()
    if wanted in ("auto", "sandlock") and _has_sandlock():
        order = {"readable": _readable(), "command": worker}
        launcher = str(_INSIDE.parent / "sandlock_launcher.py")
        yield Outer("sandlock", (sys.executable, "-I", launcher, json.dumps(order)))
    bwrap = shutil.which("bwrap")
    if wanted in ("auto", "bwrap") and bwrap:
        binds = [word for path in _readable() for word in ("--ro-bind", path, path)]
        alone = (
            "--unshare-all",
            "--clearenv",
            "--setenv",
            "PYTHONHASHSEED",
            "0",
            "--dev-bind",
            "/dev/null",
            "/dev/null",
        )
        yield Outer("bwrap", (bwrap, *alone, *binds, *worker))
    if wanted in ("auto", "none"):
        yield Outer("none", worker)


def library_paths() -> list[str]:
    """Returns where preloaded modules outside the standard library are found."""
    return sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})


def _worker_command() -> tuple[str, ...]:
    # -s -P and an environment of our own isolate as -I does, but let the hash seed be fixed; -S keeps site-packages out.
    return (os.path.realpath(sys.executable), "-s", "-P", "-S", str(_INSIDE / "main.py"))


def _readable() -> list[str]:
    paths = {sys.base_prefix, str(_INSIDE), *library_paths(), *_LIBRARIES}
    return sorted(path for path in paths if Path(path).exists())


def _has_sandlock() -> bool:
    from importlib.util import find_spec

    return find_spec("sandlock") is not None
