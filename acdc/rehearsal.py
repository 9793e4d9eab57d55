"""A small real run of the whole pipeline: the project's own dvc.yaml with an overlay of settings, in its own directory."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import yaml

from acdc.config import load, parse
from acdc.errors import InfrastructureError, InputError
from acdc.validation import merged
from acdc.yaml_text import read_settings_file


def rehearse(params: Path, overlay: Path, root: Path, *, stage: str = "") -> None:
    """Run ``dvc repro`` in ``root`` with ``overlay`` laid over ``params``, then print the summary.

    Args:
        params: The project's settings; ``dvc.yaml`` lies beside them.
        overlay: Settings that make it small.
        root: A directory of its own, made if missing.
        stage: Run only this stage of the pipeline and what it needs, and print no summary.

    Raises:
        InputError: A file is missing or the settings are wrong.
        InfrastructureError: A stage failed; its own message stands above.
    """
    pipeline = params.parent / "dvc.yaml"
    for path in (overlay, pipeline):
        if not path.is_file():
            raise InputError(f"{path}: not there; run in the project's folder")
    load(params)  # a fault in the file itself is reported under its name
    data = merged(read_settings_file(params), read_settings_file(overlay))
    parse(data, overlay)
    root.mkdir(parents=True, exist_ok=True)
    (root / "params.yaml").write_text(yaml.safe_dump(data, sort_keys=False))
    shutil.copyfile(params.parent / ".dvcignore", root / ".dvcignore")
    (root / "dvc.yaml").write_text(_stages(pipeline.read_text(), data["selected"]["families"]))
    began = time.monotonic()
    if not (root / ".dvc").is_dir():
        _run(["dvc", "init", "--no-scm", "--quiet"], root)
    _run(["dvc", "repro", *([stage] if stage else [])], root)
    if not stage:
        _run(["acdc", "summary"], root)
    print(f"every stage ran in {time.monotonic() - began:.0f} s, in {root}")  # noqa: T201


def _stages(text: str, families: Sequence[str]) -> str:
    """dvc.yaml as it is, but where a family's name has a dot: DVC takes `families.qwen2.5` for a path, so it watches them all."""
    if not any("." in family for family in families):
        return text
    return re.sub(r"- families\.\$\{item(\.family)?\}", "- families", text)


def _run(command: list[str], root: Path) -> None:
    tools = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}",
        "DVC_NO_ANALYTICS": "1",
    }
    print(f"$ {' '.join(command)}", flush=True)  # noqa: T201
    code = subprocess.run(
        [str(Path(tools) / command[0]), *command[1:]], cwd=root, env=environment, check=False
    ).returncode
    if code < 0 or code == 130:
        raise KeyboardInterrupt
    if code:
        raise InfrastructureError(
            f"`{' '.join(command)}` in {root} ended with {code}; what went wrong stands above"
        )
