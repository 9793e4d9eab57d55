"""What running a published family again takes, before anything is rented: as JSON, and as a person reads it."""

from pathlib import Path
from typing import Any

from acdc.config.config import Config
from acdc.parsing.validation import merged
from acdc.parsing.yaml import read_settings_file
from evals.settings import EvaluationSettings
from reproductions.replicate.reproduction import (
    COMMON,
    FOLDER,
    RECORD_FILES,
    Assumed,
    Gpus,
    Hardware,
    Part,
    Price,
    benchmarks,
    estimate,
    missing_records,
    not_taken,
    otherwise_named,
    plans,
)


class Cost(Part):
    """GPU-hours and their price."""

    gpu_hours: float
    money: float


class EstimatedCost(Part):
    """The same with the GPU-hours of each part; see :class:`reproductions.replicate.reproduction.Estimate`."""

    evolution: float
    measuring: float
    big: float
    gpu_hours: float
    money: float


class Plan(Part):
    """What would be run.

    Attributes:
        family: To be reproduced.
        models: Where each role's model is from.
        not_pinned: Roles whose model has no commit.
        variants: That are run.
        run_seeds: Of each variant.
        runs: For each variant the counts of one run.
        scientist: Model that writes tasks.
        benchmarks: That are measured.
        not_in_this_version: Benchmarks of the paper that this version lacks.
        records: Files of the benchmarks' records.
        records_missing: Names without a file.
        records_otherwise_named: Files that have other names than are looked for.
        records_folder: Where they are looked for.
        gpus: GPUs for each kind of model.
        assumed: Throughputs.
        price: Of an hour of one GPU.
        published: What the paper says a run took.
        estimate: What everything that is selected takes at most.
    """

    family: str
    models: dict[str, str]
    not_pinned: list[str]
    variants: list[str]
    run_seeds: list[int]
    runs: dict[str, dict[str, Any]]
    scientist: str
    benchmarks: list[str]
    not_in_this_version: list[str]
    records: dict[str, str]
    records_missing: list[str]
    records_otherwise_named: list[str]
    records_folder: str
    gpus: Gpus
    assumed: Assumed
    price: Price
    published: Cost
    estimate: EstimatedCost


def planned(config: Config, family: str, hardware: Hardware, data: Path) -> Plan:
    """The plan of everything that is selected.

    Args:
        config: Of the run.
        family: To be reproduced.
        hardware: With the assumptions.
        data: Folder with the benchmarks' records.
    """
    asked = config.section("evaluation", EvaluationSettings)
    layers = [read_settings_file(path) for path in (COMMON, FOLDER / family / "params.yaml")]
    _, without = benchmarks(merged(*layers)["evaluation"]["benchmarks"])
    models = config.family(family)
    missing = missing_records(config)
    hours = hardware.published.gpu_hours
    return Plan(
        family=family,
        models=models.parts(),
        not_pinned=[role for role in models.parts() if role not in models.revisions],
        variants=list(config.selected.variants),
        run_seeds=list(config.selected.seeds),
        runs={name: one.to_json() for name, one in plans(config, family).items()},
        scientist=getattr(config.scientist, "model", "grammar"),
        benchmarks=list(asked.benchmarks),
        not_in_this_version=without,
        records={name: str(path) for name, path in asked.data.items()},
        records_missing=missing,
        records_otherwise_named=otherwise_named(data, missing),
        records_folder=str(data),
        gpus=hardware.gpus,
        assumed=hardware.assumed,
        price=hardware.price,
        published=Cost(gpu_hours=hours, money=hours * hardware.price.per_gpu_hour),
        estimate=_estimated(config, family, hardware),
    )


def _estimated(config: Config, family: str, hardware: Hardware) -> EstimatedCost:
    hours = estimate(config, family, hardware)
    return EstimatedCost(
        evolution=round(hours.evolution, 1),
        measuring=round(hours.measuring, 1),
        big=round(hours.big, 1),
        gpu_hours=round(hours.total, 1),
        money=round(hours.total * hardware.price.per_gpu_hour, 2),
    )


def lines(plan: Plan) -> list[str]:
    """The plan as a person reads it."""
    price, gpus, found = plan.price, plan.gpus, plan.estimate
    cost = f"{price.currency} at {price.per_gpu_hour:g} an hour ({price.date}: {price.source})"
    assumed = ", ".join(
        f"{name.replace('_', ' ')} {value:g}" for name, value in plan.assumed.model_dump().items()
    )
    told = [f"reproduce {plan.family}:"]
    told += [f"  {role:8} {where}" for role, where in plan.models.items()]
    if plan.not_pinned:
        told.append(
            f"  not pinned: {', '.join(plan.not_pinned)} (`acdc families pin {plan.family}` prints commits)"
        )
    for name, run in plan.runs.items():
        told.append(
            f"  {name}: {len(plan.run_seeds)} runs, each {run['individuals']} models, at most {run['answers']:,} answers "
            f"({run['tokens']:,} tokens)"
        )
    told.append(f"  scientist and judge: {plan.scientist}")
    told.append(f"  measured on {', '.join(plan.benchmarks)}")
    if plan.not_in_this_version:
        told.append(f"  not in this version: {', '.join(plan.not_in_this_version)}")
    there = ", ".join(plan.records) or "none"
    told.append(f"  records in {plan.records_folder}: {there}")
    if plan.records_missing:
        told.append(
            f"  missing: {', '.join(plan.records_missing)}; looked for {RECORD_FILES}"
            f"{not_taken(plan.records_otherwise_named)}"
        )
    told += [
        f"  GPUs of 80 GB: {gpus.individuals} for individuals and {gpus.scientist} for the scientist at once; {gpus.big} "
        "for the big model",
        f"published: {plan.published.gpu_hours:g} GPU-hours a run = {plan.published.money:,.0f} {cost}",
        f"our estimate, at most: {found.gpu_hours:,.0f} GPU-hours = {found.money:,.0f} {price.currency} (evolution "
        f"{found.evolution:,.0f}, measuring {found.measuring:,.0f}, big model {found.big:,.0f})",
        f"  assumed, not measured: {assumed}",
    ]
    return told
