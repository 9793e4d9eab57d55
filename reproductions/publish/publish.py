"""Publish an individual: its model directory, and a card that says what it is made of, under which licences, and what it can do.

The card is the file `report/model_card.md`; here is what fills it. Every number comes with its n and its interval.
"""

import functools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from acdc.errors import InputError
from acdc.numbers.digits import fixed
from acdc.parsing.validation import nearest
from acdc.parsing.yaml import write_yaml
from acdc.population.recipe import Recipe
from acdc.storage.layout import Layout
from acdc.storage.store import RunStore
from acdc.tasks.task_family import TaskFamily
from acdc.weights.tensors import weights_hash
from reproductions.figures.tree import shares_of
from reproductions.publish.licences import UNKNOWN, Inherited, inherited
from reproductions.publish.model_directory import replaced, require_place, write_model
from reproductions.tables.details import wilson_share
from reproductions.text.numbers import interval, percent
from reproductions.text.templates import render

if TYPE_CHECKING:
    from acdc.config.config import Config
    from acdc.families.family import Family

_MOST_ANCESTORS = 40
_CARD = "model_card.md"


@dataclass(frozen=True)
class Published:
    """What was written.

    Attributes:
        directory: Where.
        id: Of the individual.
        weights_hash: Of its weights.
        dtype: Of its weights.
        parameters: How many.
        licences: By part, as stated or "unknown".
    """

    directory: Path
    id: str
    weights_hash: str
    dtype: str
    parameters: int
    licences: dict[str, str]


@dataclass(frozen=True)
class _Lineage:
    """Rows of a run's individuals, oldest first."""

    rows: Sequence[tuple[str, int, Recipe, str]]

    @classmethod
    def of(cls, store: RunStore) -> "_Lineage":
        return cls(
            [
                (row.id, row.generation, Recipe.from_json(row.recipe), row.weights_hash)
                for row in store.individuals()
            ]
        )

    def find(self, id: str) -> tuple[str, int, Recipe, str]:
        for row in self.rows:
            if row[0] == id:
                return row
        raise InputError(
            f"there is no individual {id!r} in the run; {nearest(id, [row[0] for row in self.rows])}"
        )

    def ancestors(self, id: str) -> list[tuple[str, int, Recipe, str]]:
        """The individual and all its ancestors but seeds, youngest first."""
        wanted, found = {id}, []
        for row in reversed(self.rows):
            if row[0] in wanted and row[2].kind == "child":
                wanted |= set(row[2].parents)
                found.append(row)
        return found

    def shares(self, id: str) -> dict[str, float]:
        """Part of each seed in an individual."""
        seeds = [str(recipe.name) for _, _, recipe, _ in self.rows if recipe.kind == "seed"]
        rows = [(name, recipe.name, recipe.parents, recipe.weights) for name, _, recipe, _ in self.rows]
        return shares_of(rows, seeds)[id]


class _Subject(NamedTuple):
    """The individual that a card is about, with all that is known of it."""

    layout: Layout
    store: RunStore
    lineage: _Lineage
    id: str
    about: Mapping[str, Any]
    parts: Sequence[Inherited]
    family: "Family"


class _Solved(NamedTuple):
    """A row of the card: solved of n, and the share with its interval as text."""

    name: str
    solved: int
    n: int
    share: str


def export(
    config: "Config", layout: Layout, run: Path, id: str, directory: Path, *, force: bool = False
) -> Published:
    """Write an individual of a finished run as a Hugging Face model directory.

    Args:
        config: Settings: the family's entry, the confidence of intervals.
        layout: Where the run's family, task forces and results are.
        run: The run's directory.
        id: Of the individual, or a seed's name.
        directory: Where to; appears whole or not at all.
        force: Replace a model that is there.

    Raises:
        InputError: The run has not finished, there is no such individual, or something is in the way.
        InfrastructureError: The disk is too small or refuses.
    """
    from acdc.runs.assembly import engine_of
    from evals.answering.evaluation_workers import RunWeights, prepared_family
    from evals.settings import StatisticsSettings

    require_place(directory, force=force)
    with RunStore.read(run) as store:
        lineage = _Lineage.of(store)
        _, _, _, expected = lineage.find(id)
        about = json.loads(store.meta("run") or "{}")
        if "family" not in about:
            raise InputError(f"{run}: this is not a run of this project (its description is missing)")
        family = prepared_family(config, layout, about["family"])
        weights = RunWeights(family, run, functools.partial(engine_of, config, family)).weights(id)
        parameters = sum(tensor.numel() for tensor in weights.values())
        parts = inherited(family, config.family(about["family"]))
        with replaced(directory) as staging:
            written = weights_hash(
                weights
            )  # its last bits may differ from the recorded ones on another machine
            dtype = write_model(staging, weights, family.tokenizer_dir, written)
            subject = _Subject(layout, store, lineage, id, about, parts, family)
            text = _card(
                subject, config.section("statistics", StatisticsSettings).confidence, dtype, parameters
            )
            (staging / "README.md").write_text(text, encoding="utf-8")
    licences = {part.role: part.licence for part in parts}
    return Published(directory, id, expected, dtype, parameters, licences)


def _card(of: _Subject, confidence: float, dtype: str, parameters: int) -> str:
    """The model card, filled in."""
    _, generation, recipe, weights_hash = of.lineage.find(of.id)
    settings = json.loads(of.store.meta("settings") or "{}")
    ancestors = of.lineage.ancestors(of.id)
    about = of.about
    unknown = [part.role for part in of.parts if part.licence == UNKNOWN]
    return render(
        _CARD,
        metadata=_metadata(of.parts, recipe),
        title=f"{about['family']}-{about['variant']}-{about['seed']}-{of.id}",
        id=of.id,
        about=about,
        generation=generation,
        recipe=recipe,
        recipe_text=json.dumps(json.loads(recipe.to_json()), indent=2),
        weights_hash=weights_hash,
        system=settings.get("system", ""),
        max_new_tokens=settings.get("max_new_tokens", 512),
        template_args="".join(f", {key}={value!r}" for key, value in of.family.chat_template_args.items()),
        ancestors=[
            {"id": one, "generation": created, "parents": _parents(made)}
            for one, created, made, _ in ancestors[:_MOST_ANCESTORS]
        ],
        more_ancestors=max(0, len(ancestors) - _MOST_ANCESTORS),
        shares=", ".join(f"{seed} {percent(share)} %" for seed, share in of.lineage.shares(of.id).items()),
        licences=of.parts,
        unknown=" and ".join(unknown),
        confidence=f"{confidence:.0%}",
        places=_places(of.layout, about, of.id, weights_hash),
        skills=_skills(of.store, of.id, confidence),
        benchmarks=_benchmarks(of, weights_hash, confidence),
        dtype=dtype,
        parameters=parameters,
    )


def _metadata(parts: Sequence[Inherited], recipe: Recipe) -> str:
    """The card's front matter, as sites read it."""
    licences = {part.licence for part in parts}
    known = licences.pop() if len(licences) == 1 else "other"
    metadata: dict[str, Any] = {
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["merge", "evolution", "ac-dc"],
        "license": known,
    }
    if known == "other":
        metadata["license_name"] = "; ".join(dict.fromkeys(f"{part.role}: {part.licence}" for part in parts))
    if hubs := list(dict.fromkeys(part.name for part in parts if part.hub)):
        metadata |= {"base_model": hubs}
        if recipe.kind == "child":
            metadata["base_model_relation"] = "merge"
    return write_yaml(metadata, width=1000).strip()


def _parents(recipe: Recipe) -> str:
    pairs = zip(recipe.parents, recipe.weights, strict=True)
    return ", ".join(f"{parent} ({fixed(weight, 3)})" for parent, weight in pairs)


def _places(layout: Layout, about: Mapping[str, Any], id: str, weights_hash: str) -> str:
    """Its place in the task forces of its run, in words; empty where it is in none."""
    path = layout.taskforce(about["family"], about["variant"], about["seed"])
    if not path.is_file():
        return ""
    document = json.loads(path.read_text(encoding="utf-8"))
    if {one["id"]: one["weights_hash"] for one in document["candidates"]}.get(id) != weights_hash:
        return ""
    return ", ".join(
        f"place {members.index(id) + 1} of {len(members)} chosen by {rule}"
        for rule, members in document["forces"].items()
        if id in members
    )


def _skills(store: RunStore, id: str, confidence: float) -> list[_Solved]:
    """What it solved of the run's tasks: all, and by niche."""
    niches = {name: TaskFamily.from_json(json.loads(text)).niche for name, _, text in store.tasks()}
    solved: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for cell in store.cells(id):
        if cell.verdict != "missing":
            for name in ("all", niches.get(cell.task) or "others"):
                asked[name] += 1
                solved[name] += cell.verdict == "pass"
    return [_share(name, solved[name], asked[name], confidence) for name in asked]


def _benchmarks(of: _Subject, weights_hash: str, confidence: float) -> list[_Solved]:
    """What it solved of benchmarks, where these very weights were evaluated in its run."""
    from evals.correctness import read

    folder = of.layout.results(of.about["family"], of.about["variant"]) / f"seed-{of.about['seed']}"
    found = []
    for path in sorted(folder.glob("*/correctness.json")):
        matrix = read(path)
        for row in matrix.rows(of.id):
            if matrix.answerers[row].weights_hash == weights_hash:
                there = ~matrix.missing[row]
                solved = int(matrix.correct[row][there].sum())
                found.append(_share(matrix.benchmark, solved, int(there.sum()), confidence))
    return found


def _share(name: str, solved: int, n: int, confidence: float) -> _Solved:
    share, low, high = wilson_share(solved / n if n else 0.0, n, confidence)
    return _Solved(name, solved, n, interval(share, low, high, percent))
