"""What ``acdc evolve --dry-run`` prints: counts of models, answers and calls, and hours on given hardware."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from acdc.config.config import Config
    from acdc.config.run_spec import RunSpec
    from acdc.preflight.costs import ModelSize


def print_plan(config: "Config", runs: "list[RunSpec]", given: Mapping[str, Any], as_json: bool) -> None:
    """Print what evolving these runs would do and cost.

    Args:
        config: All settings.
        runs: Of one variant of a family.
        given: ``hardware``, ``child_seconds`` and ``tokens_per_second``, as far as they were named.
        as_json: Print JSON instead of text.
    """
    from acdc.preflight.calls import call_plans
    from acdc.preflight.costs import costs, throughput
    from acdc.preflight.counts import plan
    from acdc.runs.endpoints import endpoints
    from acdc.tiny.family import SEEDS

    settings, (family, variant, _) = runs[0].settings, runs[0].key
    seeds, found = [run.key.seed for run in runs], _model_size(config, family)
    model = None if isinstance(found, str) else found
    one = plan(settings, model.bytes if model else 0)
    calls = call_plans(settings, endpoints(config, settings))
    replayed = [f"{one.run.key.variant} seed {one.run.key.seed}" for run in runs for one in run.needed]
    cost = None
    if model is not None:
        memory = config.executor.memory_gigabytes * 1e9
        count = len(config.family(family).seeds or SEEDS)
        speed = throughput(settings, model, **given)
        cost = costs(settings, one, model, speed, in_memory=memory, seeds=count)
    if as_json:
        cell = {"family": family, "variant": variant, "seeds": seeds, "per_run": one.to_json()}
        cell |= {"calls_per_run": {role: asked.to_json() for role, asked in calls.items()}} if calls else {}
        cell |= {"replays": replayed} if replayed else {}
        typer.echo(json.dumps({**cell, "costs": cost.to_json() if cost else None}, indent=2))
        return
    unknown = f"  how large models are is not known yet: {found}"
    typer.echo(f"evolve {family}/{variant}, run seeds {', '.join(map(str, seeds))}; each run:\n{one.text()}")
    for role, asked in calls.items():
        typer.echo(asked.text(role))
    if replayed:
        typer.echo(f"  replays {', '.join(replayed)}: made first where they are missing")
    typer.echo(cost.text() if cost else unknown)


def _model_size(config: "Config", family: str) -> "ModelSize | str":
    """Of the family's base, from the headers of its files or, before `acdc seeds`, of the hub's; why not where it is not known.

    Raises:
        InputError: The base does not exist.
    """
    from acdc.errors import InfrastructureError
    from acdc.families.family import read_family
    from acdc.preflight.costs import ModelSize
    from acdc.preflight.family.part import read_part
    from acdc.storage.layout import Layout
    from acdc.weights.checkpoint import shapes, shards

    record, wanted = Layout().family_file(family), config.family(family)
    if record.is_file():
        base = read_family(record, wanted).base
        return ModelSize(shapes(base), sum(shard.stat().st_size for shard in shards(base)))
    if wanted.base is None:
        return f"run `acdc seeds {family}` first"
    try:
        part = read_part("base", wanted.base, wanted.revisions.get("base"))
    except InfrastructureError as error:
        return str(error)
    return ModelSize(part.shapes, part.weight_bytes) if part.tensors else part.kept_back
