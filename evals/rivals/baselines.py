"""The rivals: what a task force must beat to be worth its cost (method, sections 7 and 11).

Each is a :class:`evals.rivals.methods.Method`, and the answers that they need are a list of jobs: Experts (three greedy
answers; N = 8 as 3-3-2 samples), Control (the general seed sampled N times), all seeds sampled evenly, the general seed with
weight noise, the big model once and N times, models behind endpoints (`evals.rivals.api_baseline`). A rival that cannot be run says so in its row and gets no number.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acdc.errors import InputError
from acdc.parsing.validation import nearest
from acdc.variation.settings import MutationSettings
from evals.answering.harness import Job, Model
from evals.rivals import api_baseline
from evals.rivals.methods import Method, Pick, evenly
from evals.settings import BaselineSettings

if TYPE_CHECKING:
    from torch import Tensor

BIG = "big"
_DRAWS_PER_JOB = 4  # of sampled answers: jobs short enough to share out evenly


def noise_rows(settings: BaselineSettings) -> dict[float, list[str]]:
    """Names of the noisy copies of the general seed, for each multiple of the mutation's scale."""
    if not settings.noise.copies:
        return {}
    return {
        factor: [
            f"{settings.general} + {_times(factor)}noise {number}"
            for number in range(1, settings.noise.copies + 1)
        ]
        for factor in settings.noise.factors
    }


def expert_sets(
    given: Mapping[str, Sequence[str]], seeds: Sequence[str], general: str
) -> dict[str, tuple[str, ...]]:
    """Who the experts of a family are, by the name of the row.

    Args:
        given: What the family's settings say; where they say nothing: all seeds but the general one, and the general one
            with the first two others, which is the paper's set.
        seeds: Names of the family's seeds, in order.
        general: The general one.
    """
    others = tuple(seed for seed in seeds if seed != general)
    sets = given or {"experts": others, "general + two experts": (general, *others[:2])}
    return {name: tuple(team) for name, team in sets.items() if len(team) > 1}


def methods(
    settings: BaselineSettings,
    experts: Mapping[str, Sequence[str]],
    seeds: Sequence[str],
    most: int,
    *,
    big: bool,
) -> list[Method]:
    """The rows of the table, N = 1 … `most` where a rival is defined.

    Args:
        settings: The section of params.yaml.
        experts: Of :func:`expert_sets`.
        seeds: Names of the family's seeds, in order.
        most: Largest N.
        big: Whether the family has a big model.

    Raises:
        InputError: A seed is named that the family does not have, or more answers are asked for than drawn.
    """
    _check(settings, experts, seeds, most)
    rows = []
    for name, team in experts.items():
        greedy = {len(team): tuple(Pick(models=(member,)) for member in team)}
        sampled = {n: evenly(n, team, settings.expert_temperature) for n in range(len(team) + 1, most + 1)}
        row = f"Experts: {', '.join(team)}" if name == "experts" else f"Experts ({name})"
        rows.append(Method(name=row, group="experts", picks=greedy | sampled))
        rows += _splits(settings, row, team)
    for temperature in settings.control.temperatures:
        name = f"Control, {settings.general} × N, T = {temperature:g}"
        picks = {
            n: (Pick(models=(settings.general,), temperature=temperature, k=n),) for n in range(1, most + 1)
        }
        rows.append(Method(name=name, group="control", picks=picks))
    if settings.even:
        even = {n: evenly(n, seeds, settings.even_temperature) for n in range(len(seeds), most + 1)}
        rows.append(Method(name=f"All {len(seeds)} seeds sampled evenly", group="even", picks=even))
    for factor, copies in noise_rows(settings).items():
        noisy = {n: (Pick(models=tuple(copies), k=n),) for n in range(1, min(most, len(copies)) + 1)}
        name = f"{settings.general} + {_times(factor)}weight noise × N"
        rows.append(Method(name=name, group="noise", picks=noisy))
    return [*rows, *_big(settings, most, big), *api_baseline.rows(settings.api, most)]


def jobs(
    settings: BaselineSettings,
    rows: Sequence[Method],
    load_seed: Callable[[str], Callable[[], "dict[str, Tensor]"]],
    load_noise: Callable[[float, int], Callable[[], "dict[str, Tensor]"]],
    load_big: "Callable[[], dict[str, Tensor]] | None",
) -> list[tuple[int, Job]]:
    """What must be answered for the rows: (0: family's shape, 1: big model's shape; job).

    Args:
        settings: The section of params.yaml.
        rows: Of :func:`methods`.
        load_seed: Seed's name to a picklable function that makes its weights.
        load_noise: Multiple of the mutation's scale and number of a noisy copy (from 0) to such a function.
        load_big: Makes the big model's weights; None where there is none.
    """
    draws = draws_of(settings, rows)
    noise = {
        name: (factor, number)
        for factor, names in noise_rows(settings).items()
        for number, name in enumerate(names)
    }
    found: list[tuple[int, Job]] = []
    for (name, temperature), count in draws.items():
        if name == BIG:
            assert load_big is not None
            worker, model = 1, Model(name, load_big)
        else:
            load = load_noise(*noise[name]) if name in noise else load_seed(name)
            worker, model = 0, Model(name, load)
        found += [
            (worker, Job(model, temperature, min(_DRAWS_PER_JOB, count - first), first))
            for first in range(0, count, _DRAWS_PER_JOB)
        ]
    return found


def noisy_copy(
    load: Callable[[], "dict[str, Tensor]"],
    mutation: MutationSettings,
    seed: int,
    factor: float,
    number: int,
    tied: Sequence[Sequence[str]] = (),
) -> "dict[str, Tensor]":
    """The general seed with the family's own mutation and nothing else.

    Args:
        load: Makes the seed's weights.
        mutation: How children of the family are mutated.
        seed: Of the noise.
        factor: Multiple of the mutation's scale.
        number: Which copy.
        tied: Names of tensors that are one.
    """
    from acdc.streams import stream
    from acdc.variation import svd_noise

    if mutation.kind == "none":
        return load()
    if mutation.kind != "svd_noise":
        raise InputError(
            f"baselines.noise: the rival with weight noise is defined for the mutation svd_noise, not for {mutation.kind!r}; set "
            "baselines.noise.copies to 0"
        )
    generator = stream(seed, "noise baseline", number)
    return svd_noise(
        load(),
        rank=mutation.rank,
        scale=mutation.scale * factor,
        relative=mutation.relative,
        generator=generator,
        tied=tied,
    )


def _times(factor: float) -> str:
    return "" if factor == 1 else f"{factor:g} × "


def parameters(model: Path) -> int:
    """How many parameters a model directory holds, from the headers of its safetensors files; tied ones count once.

    Raises:
        InputError: There is no safetensors file.
    """
    import json
    import math

    total = 0
    files = sorted(model.glob("*.safetensors"))
    for file in files:
        with file.open("rb") as data:
            header: dict[str, Any] = json.loads(data.read(int.from_bytes(data.read(8), "little")))
        total += sum(math.prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")
    if not files:
        raise InputError(f"{model}: no safetensors file")
    return total


def _splits(settings: BaselineSettings, row: str, team: Sequence[str]) -> list[Method]:
    """Rows of the splits that are asked for, for a set of as many experts."""
    found = []
    for split in (split for split in settings.expert_splits if len(split) == len(team)):
        picks = tuple(
            Pick(models=(member,), temperature=settings.expert_temperature, k=k)
            for member, k in zip(team, split, strict=True)
            if k
        )
        name = f"{row}, {'-'.join(map(str, split))}"
        found.append(Method(name=name, group="experts", picks={sum(split): picks}))
    return found


def draws_of(settings: BaselineSettings, rows: Sequence[Method]) -> dict[tuple[str, float], int]:
    """Answers a question of each (model, temperature).

    Args:
        settings: The section of params.yaml.
        rows: Of :func:`methods`.
    """
    wanted: dict[tuple[str, float], int] = {}
    for row in (row for row in rows if row.group != "api"):
        count = {"control": settings.control.draws, "big": settings.big.draws}.get(
            row.group, settings.expert_draws
        )
        for picks in row.picks.values():
            for pick in picks:
                for model in pick.models:
                    key = (model, pick.temperature)
                    wanted[key] = max(wanted.get(key, 1), count if pick.temperature > 0 else 1)
    return wanted


def _big(settings: BaselineSettings, most: int, there: bool) -> list[Method]:
    if not there:
        return [Method(name="Big model", group="big", not_run="the family has no big model")]
    rows = [Method(name="Big model, once, greedy", group="big", picks={1: (Pick(models=(BIG,)),)})]
    if settings.big.draws:
        sampled = {
            n: (Pick(models=(BIG,), temperature=settings.big.temperature, k=n),) for n in range(1, most + 1)
        }
        rows.append(
            Method(name=f"Big model × N, T = {settings.big.temperature:g}", group="big", picks=sampled)
        )
    return rows


def _check(
    settings: BaselineSettings, experts: Mapping[str, Sequence[str]], seeds: Sequence[str], most: int
) -> None:
    for name, team in experts.items():
        for member in team:
            if member not in seeds:
                raise InputError(f"families: experts.{name}: no seed {member!r}; {nearest(member, seeds)}")
    for name in settings.api:
        if name in (*seeds, BIG):
            raise InputError(
                f"baselines.api: {name!r} is already the name of a model of the family; choose another name for the endpoint"
            )
    if settings.general not in seeds:
        raise InputError(
            f"baselines.general: no seed {settings.general!r}; {nearest(settings.general, seeds)}"
        )
    for split in settings.expert_splits:
        shown = list(split)
        if len(split) not in map(len, experts.values()):
            raise InputError(
                f"baselines.expert_splits: no set of {len(split)} experts for {shown}; name as many shares as experts"
            )
        if not 1 <= sum(split) <= most or max(split) > settings.expert_draws:
            raise InputError(
                f"baselines.expert_splits: {shown} must add up to 1 … {most}, with at most expert_draws = {settings.expert_draws} of one"
            )
    smallest = min([len(seeds), *map(len, experts.values())])
    needs = [
        ("control.draws", settings.control.draws, most),
        ("expert_draws", settings.expert_draws, -(-most // smallest)),
        ("big.draws", settings.big.draws, most if settings.big.draws else 0),
    ]
    for name, given, least in needs:
        if given < least:
            raise InputError(
                f"baselines.{name}: {given} samples a question do not make N = {most}; {least} do"
            )
