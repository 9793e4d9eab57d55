"""A small real run of the whole pipeline: the project's own dvc.yaml with an overlay of settings, in its own directory."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acdc.config.config import load, parse
from acdc.errors import InfrastructureError, InputError
from acdc.files import write_text
from acdc.parsing.validation import merged
from acdc.parsing.yaml import read_settings_file, write_yaml

_STDERR = 2  # the descriptor


def run_pipeline(
    params: Path,
    overlay: Path | None,
    root: Path,
    *,
    stage: str = "",
    more: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    to_stderr: bool = False,
) -> None:
    """Run ``dvc repro`` in ``root`` with ``overlay`` laid over ``params``, then print the summary.

    Args:
        params: The project's settings; ``dvc.yaml`` lies beside them.
        overlay: Settings that make it small; None: the project's settings as they are.
        root: A directory of its own, made if missing.
        stage: Run only this stage of the pipeline and what it needs, and print no summary.
        more: Settings laid over both.
        environment: All variables that the stages see; None: those of this process.
        to_stderr: Print to the error stream what would go to the output: it is another's.

    Raises:
        InputError: A file is missing or the settings are wrong.
        InfrastructureError: A stage failed; its own message stands above.
    """
    pipeline = params.parent / "dvc.yaml"
    for path in (overlay, pipeline):
        if path is not None and not path.is_file():
            raise InputError(f"{path}: file not found; run the command in the project's folder")
    load(params)  # a fault in the file itself is reported under its name
    data = read_settings_file(params)
    if overlay is not None:
        data = merged(data, read_settings_file(overlay))
    data = merged(data, dict(more or {}))
    parse(data, overlay or params)
    write_text(root / "params.yaml", write_yaml(data))
    shutil.copyfile(params.parent / ".dvcignore", root / ".dvcignore")
    (root / "dvc.yaml").write_text(_stages(pipeline.read_text(), data["selected"]["families"]))
    began = time.monotonic()
    place = _Place(root, os.environ if environment is None else environment, to_stderr)
    if not (root / ".dvc").is_dir():
        place.run(["dvc", "init", "--no-scm", "--quiet"])
    place.run(["dvc", "repro", *([stage] if stage else [])])
    if not stage:
        place.run(["acdc", "summary"])
    place.say(f"every stage ran in {time.monotonic() - began:.0f} s, in {root}")


def _stages(text: str, families: Sequence[str]) -> str:
    """dvc.yaml as it is, but where a family's name has a dot: DVC takes `families.qwen2.5` for a path, so it watches them all."""
    if not any("." in family for family in families):
        return text
    return re.sub(r"- families\.\$\{item(\.family)?\}", "- families", text)


@dataclass(frozen=True)
class _Place:
    """Where commands run, with which variables, and where they print."""

    root: Path
    environment: Mapping[str, str]
    to_stderr: bool

    def say(self, line: str) -> None:
        print(line, file=sys.stderr if self.to_stderr else sys.stdout, flush=True)

    def run(self, command: list[str]) -> None:
        tools = str(Path(sys.executable).parent)
        environment = {
            **self.environment,
            "PATH": f"{tools}{os.pathsep}{self.environment.get('PATH', '')}",
            "DVC_NO_ANALYTICS": "1",
        }
        self.say(f"$ {' '.join(command)}")
        code = subprocess.run(
            [str(Path(tools) / command[0]), *command[1:]],
            cwd=self.root,
            env=environment,
            stdout=_STDERR if self.to_stderr else None,
            check=False,
        ).returncode
        if code < 0 or code == 130:
            raise KeyboardInterrupt
        if code:
            raise InfrastructureError(
                f"`{' '.join(command)}` in {self.root} failed with exit code {code}; its error message is printed above"
            )
