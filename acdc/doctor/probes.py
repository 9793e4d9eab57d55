"""How the checks look at the system without touching it."""

import shutil
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version


def installed_version(package: str) -> str | None:
    """The version of a distribution, without importing it; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def output_lines(command: Sequence[str]) -> list[str]:
    """What a command prints; nothing where it is absent, fails, or takes more than 20 seconds."""
    if shutil.which(command[0]) is None:
        return []
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except subprocess.TimeoutExpired:
        return []
    return done.stdout.strip().splitlines() if done.returncode == 0 else []
