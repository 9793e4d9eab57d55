"""``acdc seeds``: bring a family's models into being, by training or by resolving them, and check them."""

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acdc.families.family import FamilySettings, resolve
from acdc.numbers.digits import in_percent
from acdc.parsing.validation import validate
from acdc.processes.pool import Work, cores, run_all
from acdc.processes.progress import Board
from acdc.storage.layout import Layout

if TYPE_CHECKING:
    from acdc.tiny.family import Progress, Result
    from acdc.tiny.training import Job


def tiny_settings(name: str, settings: FamilySettings) -> Any:
    """The training settings of a family that is trained here, checked."""
    from acdc.tiny.settings import TinySettings

    return validate(TinySettings, settings.train or {}, f"families.{name}.train")


def prepare(
    name: str, settings: FamilySettings, layout: Layout | None = None, *, workers: int | None = None
) -> None:
    """Train or resolve a family and check it thoroughly.

    Args:
        name: Its name in params.yaml.
        settings: Its entry there.
        layout: Where families lie.
        workers: Processes that train at once; default: one a core.

    Raises:
        InputError: The settings are wrong, or a model is incomplete, of another shape, or not finite.
        InfrastructureError: A download or a training process failed.
    """
    layout = layout or Layout()
    if settings.train is not None:
        from acdc.tiny.family import MODELS, train_family
        from acdc.tiny.shipped import install, takes_shipped

        training = tiny_settings(name, settings)
        if takes_shipped(training):
            install(layout.models(name))
            resolve(name, settings, layout.families())
            return
        with Board(f"train {name}", MODELS) as board:
            train_family(
                training,
                layout.models(name),
                train=functools.partial(in_workers, workers or cores()),
                progress=lambda model, done, of: board.update(model, {"done": done, "of": of}),
            )
    resolve(name, settings, layout.families())


def in_workers(
    workers: int, missing: "Mapping[str, Job]", out: Path, progress: "Progress"
) -> "dict[str, Result]":
    """Trains models in worker processes, a child model as soon as its parent is finished.

    Args:
        workers: Processes of one thread each.
        missing: What to train.
        out: Folder of the family.
        progress: Told of a model's steps.

    Raises:
        InfrastructureError: A worker died. Finished models are kept.
    """
    from acdc.tiny.family import train_one

    work = [Work(name, train_one, (job, out), after=(job.parent,)) for name, job in missing.items()]
    return run_all(
        work,
        workers=workers,
        on_event=lambda name, event: progress(name, event["done"], event["of"]),
        preload=("torch", "acdc.tiny.training"),
    )


def plan(name: str, settings: FamilySettings) -> str:
    """What :func:`prepare` would do, in a few lines."""
    if settings.train is None:
        parts = [f"base {settings.base}", *(f"{role} {where}" for role, where in settings.seeds.items())]
        if settings.big:
            parts.append(f"big {settings.big}")
        return f"seeds {name}: resolve " + ", ".join(parts)
    from acdc.tiny.shipped import takes_shipped

    training = tiny_settings(name, settings)
    if takes_shipped(training):
        return (
            f"seeds {name}: copy the base, the general seed, three experts and the big model that ship with the package; "
            f"`families.{name}.train: {{from: scratch}}` trains them here instead"
        )
    return (
        f"seeds {name}: train a base ({training.base_steps} steps), a general seed and three experts "
        f"({training.tune_steps} steps each) and a big model ({training.big_steps} steps), "
        f"batches of {training.batch}; models whose settings have not changed are kept"
    )


def describe(name: str, *, as_json: bool = False, layout: Layout | None = None) -> str:
    """What ``family.json`` says, for a person or as JSON."""
    record = json.loads((layout or Layout()).family_file(name).read_text(encoding="utf-8"))
    if as_json:
        return json.dumps(record, indent=2)
    lines = [
        f"{name}: base, seeds {', '.join(record['seeds'])}, big {'yes' if record.get('big') else 'none'}"
    ]
    for model, facts in record.get("models", {}).items():
        accuracy = facts.get("id_accuracy", {})
        shown = ", ".join(
            f"{key} {in_percent(value, 0)}%" for key, value in accuracy.items() if isinstance(value, float)
        )
        lines.append(f"  {model:12} {facts['parameters']:>9,} parameters  {shown}")
    return "\n".join(lines)
