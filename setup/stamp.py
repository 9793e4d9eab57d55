"""What an environment was built from, kept inside it, so that the next ``make`` knows whether anything changed."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

STAMP = "acdc-setup.json"
INSTALLED_BY_SECTIONS = (
    "build-system",
    "project",
    "dependency-groups",
)  # of pyproject.toml; the rest configures tools


@dataclass(frozen=True)
class Stamp:
    """What an environment was built from."""

    key: str
    torch: str
    extras: tuple[str, ...]
    python: str
    root: str


def make_stamp(
    root: Path, settings: Mapping[str, Any], build: str, extras: Sequence[str], python: str
) -> Stamp:
    """The stamp of an environment built now. Its key covers what the installer reads, and no linter's settings."""
    read = {name: settings.get(name) for name in INSTALLED_BY_SECTIONS}
    digest = hashlib.blake2b(json.dumps(read, sort_keys=True).encode(), digest_size=16)
    for name in ("constraints.txt", "constraints-vllm.txt"):
        digest.update((root / name).read_bytes())
    return Stamp(digest.hexdigest(), build, tuple(extras), python, str(root))


def read_stamp(venv: Path) -> Stamp | None:
    """The stamp of an environment that is there and runs; None for any other."""
    try:
        content = json.loads((venv / STAMP).read_text(encoding="utf-8"))
        stamp = Stamp(**{**content, "extras": tuple(content["extras"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return stamp if (venv / "bin" / "python").exists() and (venv / "bin" / "acdc").exists() else None


def write_stamp(venv: Path, stamp: Stamp) -> None:
    """Keep the stamp, as the last act of a set-up that went well."""
    temporary = venv / f"{STAMP}.tmp"
    temporary.write_text(json.dumps(asdict(stamp), indent=2) + "\n", encoding="utf-8")
    temporary.replace(venv / STAMP)


def forget(venv: Path) -> None:
    """Drop the stamp, before the environment is taken apart."""
    (venv / STAMP).unlink(missing_ok=True)
