"""A model family: base, seeds, big model, tokenizer and chat template, found and checked before anything runs.

Every family ends as `models/<family>/family.json`, which names its directories (relative to the file, or absolute): the tiny
family's training writes it, for others :func:`resolve` does, from local directories or Hugging Face ids. What comes after
sees a :class:`Family` and never asks where it came from.
"""

import difflib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from acdc.checkpoint import configuration, has_chat_template, has_tokenizer, load_weights, shapes
from acdc.errors import InfrastructureError, InputError
from acdc.weights import check_like

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Family", "FamilySettings", "load_weights", "read_family", "resolve", "write_family"]

GENERAL = "general"


class FamilySettings(BaseModel):
    """One entry of the `families` section of params.yaml.

    Attributes:
        base: Directory or Hugging Face id of the base model; None where `train` makes the family.
        seeds: Name to directory or id; one of them is "general", whose tokenizer and chat template all use.
        big: The big model to compare with.
        revisions: Commit or tag for "base", "big" or a seed's name; the newest where none is given.
        dtype: What weights are kept and computed in.
        chat_template_args: Extra arguments of the chat template (`enable_thinking: false` for qwen3).
        experts: Named lists of seeds for the baseline "experts".
        licence: Licence of the models, for model cards.
        train: Settings of a family that is trained on the spot; opaque here.
        preset: The preset of whole settings that this family starts from.
        evolution: Overlay of this family's own on the `evolution` section.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str | None = None
    seeds: dict[str, str] = Field(default_factory=dict)
    big: str | None = None
    revisions: dict[str, str] = Field(default_factory=dict)
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    chat_template_args: dict[str, Any] = Field(default_factory=dict)
    experts: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(default_factory=dict)
    licence: str | None = None
    train: dict[str, Any] | None = None
    preset: str | None = None
    evolution: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.train is None:
            if self.base is None:
                raise ValueError("a family needs `base` (a directory or Hugging Face id), or `train`")
            if GENERAL not in self.seeds:
                raise ValueError(
                    f"`seeds` needs one named {GENERAL!r}, whose tokenizer and chat template all use"
                )
            named = set(self.seeds)
            for names in self.experts.values():
                for name in names:
                    if name not in named:
                        raise ValueError(f"`experts` names {name!r}, which is no seed{_nearest(name, named)}")
        elif self.base is not None or self.seeds:
            raise ValueError("a family has either `train` or `base` and `seeds`, not both")
        return self


@dataclass(frozen=True)
class Family:
    """A family whose directories exist.

    Attributes:
        name: Its name in params.yaml.
        base: Model directory of the base.
        seeds: Name to model directory, "general" first, the rest in the order of the settings.
        big: Model directory of the big model, if there is one.
        dtype: What weights are kept and computed in.
        chat_template_args: Extra arguments of the chat template.
        experts: Named lists of seeds for the baseline "experts".
        licence: Licence of the models, if known.
    """

    name: str
    base: Path
    seeds: dict[str, Path]
    big: Path | None = None
    dtype: str = "float32"
    chat_template_args: dict[str, Any] = field(default_factory=dict)
    experts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    licence: str | None = None

    @property
    def tokenizer_dir(self) -> Path:
        """The general seed's directory: its tokenizer and chat template serve every individual."""
        return self.seeds[GENERAL]

    def load(self, member: str) -> "dict[str, Tensor]":
        """Weights of "base" or of a seed, checked against the base.

        Raises:
            InputError: There is no such member, or its files are not sound.
        """
        if member == "base":
            return load_weights(self.base)
        if member not in self.seeds:
            raise InputError(f"Family {self.name!r} has no seed {member!r}{_nearest(member, self.seeds)}.")
        return load_weights(self.seeds[member], self.base)


def resolve(name: str, settings: FamilySettings, models: Path, *, thorough: bool = True) -> Family:
    """Find and check a family.

    Args:
        name: Its name in params.yaml.
        settings: Its entry there.
        models: Where families are kept; `models/<name>/family.json` is read if it belongs to these settings, and is
            written for families that are not trained here.
        thorough: Read every weight to make sure that it is finite, too.

    Raises:
        InputError: A directory is missing or incomplete, a seed's architecture or shapes are not the base's, a value
            is NaN, or a family that is trained has not been trained yet.
        InfrastructureError: A model could not be downloaded.
    """
    record = models / name / "family.json"
    if settings.train is not None:
        if not record.is_file():
            raise InputError(
                f"Family {name!r} has not been trained yet ({record} is missing); run `acdc seeds` first."
            )
        family = read_family(record, settings)
        check(family, thorough=thorough)
        return family
    wanted = {
        "base": settings.base,
        "seeds": settings.seeds,
        "big": settings.big,
        "revisions": settings.revisions,
    }
    if record.is_file() and json.loads(record.read_text(encoding="utf-8")).get("settings") == wanted:
        family = read_family(record, settings)
        check(family, thorough=thorough)
        return family
    revisions = settings.revisions
    family = Family(
        name=name,
        base=_locate(str(settings.base), revisions.get("base")),
        seeds=_general_first(
            {seed: _locate(where, revisions.get(seed)) for seed, where in settings.seeds.items()}
        ),
        big=_locate(settings.big, revisions.get("big")) if settings.big is not None else None,
        **_described(settings),
    )
    check(family, thorough=thorough)
    write_family(family, record, settings=wanted)
    return family


def read_family(record: Path, settings: FamilySettings) -> Family:
    """The family that a family.json describes, with dtype, experts and so on from the settings.

    Raises:
        InputError: The file lacks base or seeds, or is no JSON.
    """
    try:
        fields = json.loads(record.read_text(encoding="utf-8"))
        home = record.parent
        seeds = _general_first({str(seed): home / where for seed, where in fields["seeds"].items()})
        big = home / fields["big"] if fields.get("big") else None
        family = Family(str(fields["name"]), home / fields["base"], seeds, big, **_described(settings))
    except (ValueError, KeyError, AttributeError, TypeError, OSError) as error:
        raise InputError(
            f"{record} is no family record ({error!r}); delete it and run `acdc seeds` again."
        ) from error
    return family


def write_family(family: Family, record: Path, **extra: object) -> None:
    """Write family.json atomically; directories beside it are named relative to it.

    Args:
        family: What to record.
        record: The file, usually `models/<family>/family.json`.
        extra: Further JSON values to keep in it.
    """
    home = record.parent

    def where(path: Path) -> str:
        return str(path.relative_to(home)) if path.is_relative_to(home) else str(path.resolve())

    fields = {
        "name": family.name,
        "base": where(family.base),
        "seeds": {name: where(path) for name, path in family.seeds.items()},
        "big": where(family.big) if family.big is not None else None,
        **extra,
    }
    home.mkdir(parents=True, exist_ok=True)
    temporary = record.with_name(f".{record.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")
    temporary.replace(record)


def check(family: Family, *, thorough: bool = True) -> None:
    """Refuse a family that could not be merged or asked.

    Args:
        family: Its directories.
        thorough: Read every weight to make sure that it is finite, too.

    Raises:
        InputError: Says which directory, what is wrong, and what to do.
    """
    members = {"base": family.base, **family.seeds}
    for role, directory in {**members, **({"big": family.big} if family.big is not None else {})}.items():
        if not directory.is_dir():
            raise InputError(
                f"Family {family.name!r}: {role} should be at {directory}, which is no directory."
            )
        shapes(directory)
    base_shapes, architecture = shapes(family.base), configuration(family.base).get("model_type")
    for role, directory in family.seeds.items():
        found = configuration(directory).get("model_type")
        if found != architecture:
            raise InputError(
                f"Seed {role!r} ({directory}) is a {found!r} model, the base a {architecture!r}; "
                "take seeds that were fine-tuned from the family's base."
            )
        check_like(shapes(directory), base_shapes, f"Seed {role!r} ({directory})")
    if not has_tokenizer(family.tokenizer_dir):
        raise InputError(
            f"{family.tokenizer_dir} holds no tokenizer; the general seed's tokenizer serves the family."
        )
    if not has_chat_template(family.tokenizer_dir):
        raise InputError(
            f"{family.tokenizer_dir} has no chat template; take an instruction-tuned general seed."
        )
    if thorough:
        for directory in members.values():
            load_weights(directory)


def _described(settings: FamilySettings) -> dict[str, Any]:
    return {
        "dtype": settings.dtype,
        "chat_template_args": dict(settings.chat_template_args),
        "experts": dict(settings.experts),
        "licence": settings.licence,
    }


def _general_first(seeds: Mapping[str, Path]) -> dict[str, Path]:
    return {GENERAL: seeds[GENERAL], **{name: path for name, path in seeds.items() if name != GENERAL}}


def _locate(where: str, revision: str | None) -> Path:
    """A local directory, or the snapshot of a Hugging Face id."""
    path = Path(where).expanduser()
    if path.is_dir():
        return path.resolve()
    looks_local = (
        path.is_absolute() or where.startswith((".", "~")) or where.count("/") != 1 or path.parent.is_dir()
    )
    if looks_local:
        beside = (
            [entry.name for entry in path.parent.iterdir() if entry.is_dir()] if path.parent.is_dir() else []
        )
        raise InputError(f"Model directory {where} does not exist{_nearest(path.name, beside)}.")
    return _download(where, revision)


def _download(identity: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    wanted = ["*.json", "*.safetensors", "*.jinja", "*.model", "*.txt"]
    try:
        return Path(snapshot_download(identity, revision=revision, allow_patterns=wanted))
    except HFValidationError as error:
        raise InputError(
            f"{identity!r} is neither a directory here nor a Hugging Face id: {error}"
        ) from error
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise InfrastructureError(
            f"{identity!r} is no directory here and could not be downloaded from Hugging Face ({error}); check the name, "
            "the network and your access, or give a local directory."
        ) from error


def _nearest(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
