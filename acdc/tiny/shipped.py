"""The weights that ship with the package, so that every machine starts from the same models.

``weights/`` holds the Hugging Face folder of each model, the family.json that their training wrote, ``made.json`` (library versions,
processor, CPU seconds) and a model card. They were trained by ``acdc seeds tiny`` with ``train: {from: scratch}``; training them again
on another processor gives slightly other weights, because rounding grows with every step.

``python -m acdc.tiny.shipped DIRECTORY`` replaces them by a family that was trained there.
"""

import datetime
import json
import os
import platform
import shutil
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from acdc.errors import InputError
from acdc.files import write_bytes
from acdc.tiny.family import JOURNAL, MANIFEST, MODELS, weights_file_hash
from acdc.tiny.settings import TinySettings

FOLDER = Path(__file__).parent / "weights"
MADE = "made.json"
_LIBRARIES = ("torch", "numpy", "safetensors")


def takes_shipped(settings: TinySettings) -> bool:
    """Whether a family is the shipped one: ``from: shipped`` and no training setting that differs from its default."""
    return settings.origin == "shipped" and settings == TinySettings()


def install(out: Path) -> None:
    """Put the shipped family into a folder; models that lie there unchanged stay.

    Args:
        out: Folder of the family.

    Raises:
        InputError: The package lacks a file, or a file is damaged.
    """
    if not (FOLDER / MANIFEST).is_file():
        raise InputError(
            f"{FOLDER}: the weights of the tiny family are not there; install the package again, or set "
            "families.tiny.train: {from: scratch}"
        )
    manifest: dict[str, Any] = json.loads((FOLDER / MANIFEST).read_text(encoding="utf-8"))
    out.mkdir(parents=True, exist_ok=True)
    for name in MODELS:
        wanted = manifest["models"][name]["weights_hash"]
        if weights_file_hash(out / name) == wanted and _same_files(FOLDER / name, out / name):
            continue
        scratch = out / f"{name}.tmp"
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.copytree(FOLDER / name, scratch)
        if weights_file_hash(scratch) != wanted:
            raise InputError(f"{FOLDER / name}: the shipped weights are damaged; install the package again")
        shutil.rmtree(out / name, ignore_errors=True)
        os.replace(scratch, out / name)
    (out / JOURNAL).unlink(missing_ok=True)
    write_bytes(out / MANIFEST, (FOLDER / MANIFEST).read_bytes())


def pack(trained: Path, into: Path = FOLDER) -> None:
    """Make a trained family the shipped one.

    Args:
        trained: Folder of a family that was trained from scratch with default settings.
        into: Where the package keeps it.

    Raises:
        InputError: The family was trained with other settings, or is itself a copy of the shipped one.
    """
    manifest: dict[str, Any] = json.loads((trained / MANIFEST).read_text(encoding="utf-8"))
    settings = TinySettings.model_validate(manifest["settings"])
    if settings != TinySettings(origin="scratch"):
        raise InputError(f"{trained}: not trained from scratch with the default settings")
    journal = json.loads((trained / JOURNAL).read_text(encoding="utf-8"))
    shutil.rmtree(into, ignore_errors=True)
    for name in MODELS:
        shutil.copytree(trained / name, into / name)
    shipped = manifest | {"from": "shipped", "settings": TinySettings().model_dump(by_alias=True)}
    _write(into / MANIFEST, shipped)
    made = {
        "command": "acdc seeds tiny, with families.tiny.train: {from: scratch}",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "python": platform.python_version(),
        "libraries": {name: metadata.version(name) for name in _LIBRARIES},
        "processor": _processor(),
        "cpu_seconds": {name: round(journal[name]["cpu_seconds"], 1) for name in MODELS},
    }
    _write(into / MADE, made)
    (into / "README.md").write_text(_card(shipped, made), encoding="utf-8")


def _card(manifest: dict[str, Any], made: dict[str, Any]) -> str:
    rows = [
        f"| {name} | {facts['parameters']:,} | {facts['steps']} | {facts['id_accuracy_mean']:.1%} | "
        f"{made['cpu_seconds'][name]} | `{facts['weights_hash']}` |"
        for name, facts in manifest["models"].items()
    ]
    versions = ", ".join(f"{name} {version}" for name, version in made["libraries"].items())
    return "\n".join(
        [
            "---",
            "license: apache-2.0",
            "language: en",
            "tags: [synthetic, tiny, llama]",
            "---",
            "# The tiny family",
            "",
            "Six Llama models for trying AC/DC on a laptop. They answer short questions about letters, digits and lists",
            "(`acdc/tiny/skills.py`). They know nothing else and are of no use elsewhere.",
            "",
            "| model | parameters | steps | accuracy on reserved questions | CPU seconds | blake2b of model.safetensors |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            f"Made on {made['date']} by `{made['command']}`, Python {made['python']}, {versions}, on {made['processor']}.",
            "Questions and answers are generated by `acdc/tiny/`; no other data was used. float32 safetensors; what is stored is used.",
            "",
        ]
    )


def _same_files(left: Path, right: Path) -> bool:
    """Whether the small files beside the weights are equal."""
    return all(
        (right / file.name).is_file() and (right / file.name).read_bytes() == file.read_bytes()
        for file in left.iterdir()
        if file.suffix != ".safetensors"
    )


def _processor() -> str:
    """The processor's name as Linux gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {platform.machine()}" if names else platform.machine()


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    pack(Path(sys.argv[1]))
