"""Runs the pipeline under each setting, in a directory of its own; what is there and still right is taken up again.

DVC notices changed settings, not changed code, other libraries or another processor: those are kept in `made.json` beside the
pipeline, and where they differ the pipeline runs anew. Models that are trained are trained once, by the first setting, and copied:
the question is whether the same weights give the same answers.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import acdc
import evals
from acdc.cli.pipeline import run_pipeline
from acdc.errors import InfrastructureError, InputError
from acdc.files import write_text
from acdc.processes.machine import this_machine
from acdc.storage.layout import Layout
from reproductions.same.kernels import Kernels, kernels
from reproductions.same.settings import Setting, stated, unavailable

MADE = "made.json"
LIBRARIES = ("torch", "transformers", "numpy", "scipy", "lm_eval")
_LAST_STAGE = "compare"


@dataclass(frozen=True)
class Pipeline:
    """What became of one setting.

    Attributes:
        name: Of the setting.
        setting: Itself.
        root: Directory of the pipeline.
        kernels: What its processes compute with; None where it was left out.
        skipped: Why it was left out; empty where it was not.
        failed: What stopped it; empty where it came to its end.
    """

    name: str
    setting: Setting
    root: Path
    kernels: Kernels | None = None
    skipped: str = ""
    failed: str = ""

    @property
    def finished(self) -> bool:
        """Whether there is something to compare."""
        return not self.skipped and not self.failed


@dataclass(frozen=True)
class Place:
    """What is run, and where.

    Attributes:
        params: The project's settings.
        overlay: Settings laid over them; None: none.
        root: Directory of all pipelines.
    """

    params: Path
    overlay: Path | None
    root: Path


def run_pipelines(
    chosen: Mapping[str, Setting],
    known: Mapping[str, Setting],
    place: Place,
    *,
    shell: Mapping[str, str],
    say: Callable[[str], None],
    probe: Callable[[Mapping[str, str], int], Kernels] = kernels,
) -> list[Pipeline]:
    """Run what is left of the pipeline under each setting, one after another.

    Args:
        chosen: The settings, the one that others are compared with first.
        known: All settings: variables that any of them names are unset where a setting does not.
        place: What is run, and where.
        shell: Environment of this process.
        say: Told a line about each.
        probe: Finds out what a process of an environment, with so many threads, computes with.

    Raises:
        InputError: Settings are wrong, or a directory holds something else.
        InfrastructureError: The first pipeline did not come to its end; there is nothing to compare with.
    """
    done: list[Pipeline] = []
    for number, (name, setting) in enumerate(chosen.items(), 1):
        pipeline = Pipeline(name, setting, place.root / name, skipped=unavailable(setting))
        title = f"setting {number} of {len(chosen)}, {name}"
        if pipeline.skipped:
            say(f"{title}: left out, {pipeline.skipped}")
            done.append(pipeline)
            continue
        environment = stated(setting, known, shell)
        found = probe(environment, setting.threads)
        say(f"{title} ({setting.says}): {found}")
        _make_place(pipeline.root, _stamp(setting, found), say)
        if done:
            _share_models(done[0].root, pipeline.root)
        failed = ""
        try:
            run_pipeline(
                place.params, place.overlay, pipeline.root,
                stage=_LAST_STAGE, more=setting.overlay, environment=environment, to_stderr=True,
            )  # fmt: skip
        except InfrastructureError as error:
            if not done:
                raise
            failed = str(error)
            say(f"{title}: {failed}")
        done.append(Pipeline(name, setting, pipeline.root, found, failed=failed))
    return done


def _stamp(setting: Setting, found: Kernels) -> str:
    """What decides a pipeline's numbers and DVC does not watch, as JSON."""
    document = {
        "processor": this_machine().cpu,
        "kernels": str(found),
        "environment": setting.environment,
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
        "code": _code(),
    }
    return json.dumps(document, indent=1) + "\n"


def _code() -> str:
    """Hash of what computes: every file of the two lower floors."""
    digest = hashlib.blake2b(digest_size=16)
    for package in (acdc, evals):
        home = Path(str(package.__file__)).parent
        for path in sorted(home.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(home)}\n".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _make_place(root: Path, stamp: str, say: Callable[[str], None]) -> None:
    """A directory for a pipeline of this stamp: what another one left goes, but for models, which know themselves what made them."""
    made = root / MADE
    if root.is_dir() and any(root.iterdir()) and not made.is_file():
        raise InputError(f"{root}: this directory holds other files; name another --root, or remove it")
    if made.is_file() and made.read_text(encoding="utf-8") != stamp:
        say(f"{root}: made by other code, other libraries or on another processor; it runs anew")
        for path in root.iterdir():
            if path.name in (Layout().families().name, MADE):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    write_text(made, stamp)


def _share_models(first: Path, root: Path) -> None:
    """Copy the models that the first pipeline trained; `acdc seeds` finds them finished and keeps them."""
    for record in sorted(Layout(first).families().glob("*/family.json")):
        name = record.parent.name
        facts = json.loads(record.read_text(encoding="utf-8"))
        if "models" not in facts or facts.get("from") == "shipped":
            continue  # resolved or taken from the package, and so they are the same everywhere
        target = Layout(root).models(name)
        copy = Layout(root).family_file(name)
        if copy.is_file() and copy.read_bytes() == record.read_bytes():
            continue
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(record.parent, target)
