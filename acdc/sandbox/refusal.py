"""Says what a person can do where nothing passes the probe."""

import platform
import shutil
from collections.abc import Sequence
from pathlib import Path

_USERNS = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")


def refusal(failures: Sequence[str]) -> str:
    """Returns why there is no sandbox, and the command that helps on this system.

    Args:
        failures: What was tried, and which attacks got through.
    """
    if platform.system() != "Linux":
        return (
            f"the sandbox needs Linux, this is {platform.system()}. Run the project in a Linux container, for instance: "
            'docker run --rm -it -v "$PWD":/project -w /project python:3.12 make reproduce'
        )
    tried = "; ".join(failures) or "nothing could be tried"
    return f"no confinement passes the probe on this machine ({tried}). {_help()} Or accept it: sandbox.allow_unsafe: true"


def _help() -> str:
    if platform.machine() not in ("x86_64", "aarch64"):
        return f"There is no table of system calls for {platform.machine()}: use an x86-64 or arm64 machine."
    if Path("/.dockerenv").exists():
        return "In a container: start it with docker run --security-opt seccomp=unconfined"
    if _USERNS.exists() and _USERNS.read_text(encoding="ascii").strip() == "1":
        return "This helps: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"
    if shutil.which("bwrap") is None:
        return "This helps: sudo apt-get install bubblewrap (or your system's package of that name)"
    return "A kernel with seccomp filters (CONFIG_SECCOMP_FILTER=y) is needed."
