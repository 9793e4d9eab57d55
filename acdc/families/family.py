"""A model family: base, seeds, big model, tokenizer and chat template, found and checked before anything runs.

Every family ends as `models/<family>/family.json`, which names its directories (relative to the file, or absolute): the tiny
family's training writes it, for others :func:`resolve` does, from local directories or Hugging Face ids. What comes after
sees a :class:`Family` and never asks where it came from.
"""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from acdc.errors import InputError
from acdc.families.hub import commit_of, download
from acdc.files import write_text
from acdc.parsing.section import Section
from acdc.weights.checkpoint import (
    configuration,
    has_chat_template,
    has_tokenizer,
    load_tensor,
    load_weights,
    shapes,
)
from acdc.weights.tensors import check_finite, check_like
from acdc.weights.vocabulary import Rows, fit, fitted_shapes, other_rows

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Family", "FamilySettings", "load_weights", "read_family", "resolve", "write_family"]

GENERAL = "general"


class FamilySettings(Section):
    """One entry of the `families` section of params.yaml.

    Attributes:
        base: Directory or Hugging Face id of the base model; None where `train` makes the family.
        seeds: Name to directory or id; one of them is "general", whose tokenizer and chat template all use.
        big: The big model to compare with.
        revisions: Commit or tag for "base", "big" or a seed's name; the newest where none is given. `acdc families pin` prints
            the commits of today.
        dtype: What weights are kept and computed in.
        chat_template_args: Extra arguments of the chat template (`enable_thinking: false` for qwen3).
        stop_tokens: Tokens that end an answer, besides those that the general seed's own files name.
        engine: Overlay of this family's own on the `engine` section.
        big_engine: Overlay on that for the big model, which may need more memory or more GPUs.
        experts: Named lists of seeds for the baseline "experts".
        licence: Licence of the models, for model cards; of those that `licences` does not name.
        licences: Licence of "base", "big" or a seed.
        train: Settings of the embedded family: shipped, or trained on the spot (:class:`acdc.tiny.settings.TinySettings`).
        preset: The preset of whole settings that this family starts from.
        evolution: Overlay of this family's own on the `evolution` section.
    """

    base: str | None = None
    seeds: dict[str, str] = Field(default_factory=dict)
    big: str | None = None
    revisions: dict[str, str] = Field(default_factory=dict)
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    chat_template_args: dict[str, Any] = Field(default_factory=dict)
    stop_tokens: tuple[str, ...] = ()
    engine: dict[str, Any] = Field(default_factory=dict)
    big_engine: dict[str, Any] = Field(default_factory=dict)
    experts: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(default_factory=dict)
    licence: str | None = None
    licences: dict[str, str] = Field(default_factory=dict)
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
                        raise ValueError(
                            f"`experts` names {name!r}, which is not a seed{_nearest(name, named)}"
                        )
            parts = {*named, "base", "big"}
            for field_name, given in (("revisions", self.revisions), ("licences", self.licences)):
                for name in given:
                    if name not in parts:
                        raise ValueError(
                            f"`{field_name}` names {name!r}, which is not a model of the family{_nearest(name, parts)}"
                        )
        elif self.base is not None or self.seeds:
            raise ValueError("a family has either `train` or `base` and `seeds`, not both")
        return self

    def parts(self) -> dict[str, str]:
        """Directory or id of "base", every seed (the general one first) and, where there is one, "big"."""
        if self.base is None:
            return {}
        seeds = {GENERAL: self.seeds[GENERAL], **self.seeds}
        return {"base": self.base, **seeds, **({"big": self.big} if self.big is not None else {})}


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
        stop_tokens: Tokens that end an answer, besides those that the general seed's own files name.
        experts: Named lists of seeds for the baseline "experts".
        licence: Licence of the models, if known.
        licences: Licence of "base", "big" or a seed, where it has one of its own.
    """

    name: str
    base: Path
    seeds: dict[str, Path]
    big: Path | None = None
    dtype: str = "float32"
    chat_template_args: dict[str, Any] = field(default_factory=dict)
    stop_tokens: tuple[str, ...] = ()
    experts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    licence: str | None = None
    licences: dict[str, str] = field(default_factory=dict)

    @property
    def tokenizer_dir(self) -> Path:
        """The general seed's directory: its tokenizer and chat template serve every individual."""
        return self.seeds[GENERAL]

    def directories(self) -> dict[str, Path]:
        """Directory of "base", of every seed and, where there is one, of "big"."""
        big = {"big": self.big} if self.big is not None else {}
        return {"base": self.base, **self.seeds, **big}

    def load(self, member: str) -> "dict[str, Tensor]":
        """Weights of "base" or of a seed, checked against the base, with the general seed's vocabulary rows.

        Raises:
            InputError: There is no such member, or its files are not sound.
        """
        if member != "base" and member not in self.seeds:
            raise InputError(f"Family {self.name!r} has no seed {member!r}{_nearest(member, self.seeds)}.")
        directory = self.base if member == "base" else self.seeds[member]
        weights = load_weights(directory)
        rows = self.other_rows(directory)
        if rows:
            weights = fit(weights, rows, lambda name: load_tensor(self.tokenizer_dir, name))
            check_finite({name: weights[name] for name in rows}, directory)
        if member != "base":
            check_like({name: weights[name].shape for name in weights}, self.shapes(self.base), directory)
        return weights

    def other_rows(self, directory: Path) -> dict[str, Rows]:
        """Tensors of a member's directory that have more or fewer vocabulary rows than the general seed's."""
        general = self.tokenizer_dir
        if directory == general:
            return {}
        return other_rows(
            shapes(directory), shapes(general), configuration(directory), configuration(general)
        )

    def shapes(self, directory: Path) -> dict[str, tuple[int, ...]]:
        """Shape of every tensor of a member's directory once it has the general seed's vocabulary rows."""
        return fitted_shapes(shapes(directory), self.other_rows(directory))


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
    wanted = settings.model_dump(include={"base", "seeds", "big", "revisions"})
    known = record.is_file()
    if settings.train is not None and not known:
        raise InputError(
            f"The models of family {name!r} are not there yet ({record} is missing); run `acdc seeds {name}` first."
        )
    if settings.train is None and known:
        known = json.loads(record.read_text(encoding="utf-8")).get("settings") == wanted
    family = read_family(record, settings) if known else _located(name, settings)
    check(family, thorough=thorough)
    if not known:
        commits = {role: commit_of(directory) for role, directory in family.directories().items()}
        write_family(family, record, settings=wanted, commits={r: c for r, c in commits.items() if c})
    return family


def _located(name: str, settings: FamilySettings) -> Family:
    """A family whose parts the settings name, downloaded where they come from the hub."""

    def place(part: str, where: str) -> Path:
        return local_directory(where) or download(where, settings.revisions.get(part))

    base = place("base", str(settings.base))
    seeds = _general_first({seed: place(seed, where) for seed, where in settings.seeds.items()})
    big = place("big", settings.big) if settings.big is not None else None
    return _described(name, base, seeds, big, settings)


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
        return _described(str(fields["name"]), home / fields["base"], seeds, big, settings)
    except (ValueError, KeyError, AttributeError, TypeError, OSError) as error:
        raise InputError(
            f"{record} is not a family record ({error!r}); delete it and run `acdc seeds` again."
        ) from error


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
    write_text(record, json.dumps(fields, indent=2) + "\n")


def check(family: Family, *, thorough: bool = True) -> None:
    """Refuse a family that could not be merged or asked.

    Args:
        family: Its directories.
        thorough: Read every weight to make sure that it is finite, too.

    Raises:
        InputError: Says which directory, what is wrong, and what to do.
    """
    for role, directory in family.directories().items():
        if not directory.is_dir():
            raise InputError(
                f"Family {family.name!r}: {role} should be at {directory}, which is no directory."
            )
        shapes(directory)
    base_shapes, architecture = family.shapes(family.base), configuration(family.base).get("model_type")
    for role, directory in family.seeds.items():
        found = configuration(directory).get("model_type")
        if found != architecture:
            raise InputError(
                f"Seed {role!r} ({directory}) is a {found!r} model, the base a {architecture!r}; "
                "take seeds that were fine-tuned from the family's base."
            )
        check_like(family.shapes(directory), base_shapes, f"Seed {role!r} ({directory})")
    if not has_tokenizer(family.tokenizer_dir):
        raise InputError(
            f"{family.tokenizer_dir} holds no tokenizer; the general seed's tokenizer serves the family."
        )
    if not has_chat_template(family.tokenizer_dir):
        raise InputError(
            f"{family.tokenizer_dir} has no chat template; take an instruction-tuned general seed."
        )
    if thorough:
        for directory in (family.base, *family.seeds.values()):
            load_weights(directory)


def _described(
    name: str, base: Path, seeds: dict[str, Path], big: Path | None, settings: FamilySettings
) -> Family:
    """A family of these directories, with everything else from the settings."""
    return Family(
        name,
        base,
        seeds,
        big,
        settings.dtype,
        dict(settings.chat_template_args),
        settings.stop_tokens,
        dict(settings.experts),
        settings.licence,
        dict(settings.licences),
    )


def _general_first(seeds: Mapping[str, Path]) -> dict[str, Path]:
    return {GENERAL: seeds[GENERAL], **{name: path for name, path in seeds.items() if name != GENERAL}}


def local_directory(where: str) -> Path | None:
    """The directory that a part of a family names, None where it is a Hugging Face id.

    Raises:
        InputError: It can only be a directory, and does not exist.
    """
    path = Path(where).expanduser()
    if path.is_dir():
        return path.resolve()
    looks_local = (
        path.is_absolute() or where.startswith((".", "~")) or where.count("/") != 1 or path.parent.is_dir()
    )
    if not looks_local:
        return None
    siblings = (
        [entry.name for entry in path.parent.iterdir() if entry.is_dir()] if path.parent.is_dir() else []
    )
    raise InputError(f"Model directory {where} does not exist{_nearest(path.name, siblings)}.")


def _nearest(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
