"""``acdc reproduce FAMILY``: one of the paper's families, from its models to ours beside the paper's, cell by cell."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from acdc.cli.options import PARAMS, DryRun, Json, Overrides, Params, check_place

if TYPE_CHECKING:
    from acdc.config.config import Config
    from reproductions.replicate.reproduction import Estimate, Hardware

ROOT = Path("build") / "reproductions"
SHOWN = {"llama3": "table8"}  # where coverage of a family is printed; of all others in table6


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "reproduce", help="Run one of the paper's families and set it beside the paper (GPUs, days)."
    )(reproduce)


def reproduce(
    family: Annotated[str, typer.Argument(help="qwen2, qwen2.5, qwen3, deepseek or llama3.")],
    data: Annotated[
        Path, typer.Option(help="Records of the benchmarks: NAME.jsonl, or NAME/test.jsonl.", metavar="DIR")
    ] = Path("data"),
    root: Annotated[
        Path | None,
        typer.Option(
            help="Where it runs; what is there is taken up again. Default: build/reproductions/FAMILY."
        ),
    ] = None,
    price: Annotated[
        float | None, typer.Option(help="Of an hour of one GPU; default: hardware.yaml.", min=0)
    ] = None,
    tokens_per_second: Annotated[
        float | None, typer.Option(help="That individuals write, all together.", min=1)
    ] = None,
    params: Params = PARAMS,
    overrides: Overrides = [],  # noqa: B006
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Run it, or what is left of it."""
    from acdc.config.config import override
    from acdc.files import write_text
    from acdc.parsing.yaml import write_yaml
    from reproductions.replicate.reproduction import check_records, parsed, read_hardware, settings

    check_place("--root", root, "folder")
    changes: dict[str, dict[str, float]] = {}
    if price is not None:
        changes["price"] = {"per_gpu_hour": price}
    if tokens_per_second is not None:
        changes["assumed"] = {"tokens_per_second": tokens_per_second}
    hardware = read_hardware(family, changes)
    made = settings(params, family, data, [override(text) for text in overrides])
    config = parsed(made, params)
    if dry_run:
        plan = _plan(config, family, hardware, data)
        typer.echo(json.dumps(plan, indent=2) if as_json else "\n".join(_lines(plan)))
        return
    check_records(config, data)
    _check_family(config, family)
    _check_voices(config, family)
    from acdc.cli.pipeline import rehearse

    place = root or ROOT / family
    overlay = place / "reproduction.yaml"
    write_text(overlay, write_yaml(made))
    rehearse(params, overlay, place)
    _show(family, place)


def _check_family(config: "Config", family: str) -> None:
    """What can be known before a GPU is rented; ends where something cannot run."""
    from acdc.preflight.family.report import check_family
    from acdc.storage.layout import Layout

    report = check_family(config, family, Layout(), measure=False)
    for finding in report.findings:
        if finding.level in ("warning", "error", "access"):
            typer.echo(str(finding), err=True)
    fault = report.fault()
    if fault is not None:
        raise fault


def _check_voices(config: "Config", family: str) -> None:
    """Endpoints answer, with the models that are asked for."""
    from acdc.runs.endpoints import require_voices

    for variant in config.selected.variants:
        for warning in require_voices(config, config.evolution(family, variant)):
            typer.echo(f"warning: {warning}", err=True)


def _show(family: str, root: Path) -> None:
    """Ours beside the paper's, and where the rest is."""
    from acdc.storage.layout import Layout
    from reproductions.paper.printed_tables import Print
    from reproductions.paper.with_our_numbers import beside

    name = SHOWN.get(family, "table6")
    typer.echo(beside(Print.read(), name, [Layout(root)]).markdown())
    typer.echo(f"Other tables:  acdc table 1 --root {root}")
    typer.echo(f"Tolerances:    acdc verify {family} --comparison {root / 'comparison' / f'{family}.json'}")
    typer.echo(f"The report:    {root / 'report' / 'index.html'}")


def _plan(config: "Config", family: str, hardware: "Hardware", data: Path) -> dict[str, Any]:
    from acdc.parsing.validation import merged
    from acdc.parsing.yaml import read_yaml_file
    from evals.settings import EvaluationSettings
    from reproductions.replicate.reproduction import (
        COMMON,
        FOLDER,
        benchmarks,
        estimate,
        missing_records,
        otherwise_named,
        plans,
    )

    asked = config.section("evaluation", EvaluationSettings)
    layers = [read_yaml_file(path) for path in (COMMON, FOLDER / family / "params.yaml")]
    _, without = benchmarks(merged(*layers)["evaluation"]["benchmarks"])
    hours = estimate(config, family, hardware)
    parts = config.family(family).parts()
    return {
        "family": family,
        "models": parts,
        "not_pinned": [role for role in parts if role not in config.family(family).revisions],
        "variants": config.selected.variants,
        "run_seeds": config.selected.seeds,
        "runs": {name: one.to_json() for name, one in plans(config, family).items()},
        "scientist": getattr(config.scientist, "model", "grammar"),
        "benchmarks": list(asked.benchmarks),
        "not_in_this_version": without,
        "records": {name: str(path) for name, path in asked.data.items()},
        "records_missing": missing_records(config),
        "records_otherwise_named": otherwise_named(data, missing_records(config)),
        "records_folder": str(data),
        "gpus": hardware.gpus.model_dump(),
        "assumed": hardware.assumed.model_dump(),
        "price": hardware.price.model_dump(mode="json"),
        "published": {
            "gpu_hours": hardware.published.gpu_hours,
            "money": hardware.published.gpu_hours * hardware.price.per_gpu_hour,
        },
        "estimate": _estimate_json(hours, hardware),
    }


def _estimate_json(hours: "Estimate", hardware: "Hardware") -> dict[str, float]:
    rounded = {
        name: round(value, 1)
        for name, value in (
            ("evolution", hours.evolution),
            ("measuring", hours.measuring),
            ("big", hours.big),
        )
    }
    return {
        **rounded,
        "gpu_hours": round(hours.total, 1),
        "money": round(hours.total * hardware.price.per_gpu_hour, 2),
    }


def _lines(plan: dict[str, Any]) -> list[str]:
    from reproductions.replicate.reproduction import RECORD_FILES, not_taken

    price, gpus, found = plan["price"], plan["gpus"], plan["estimate"]
    cost = f"{price['currency']} at {price['per_gpu_hour']:g} an hour ({price['date']}: {price['source']})"
    assumed = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in plan["assumed"].items())
    lines = [f"reproduce {plan['family']}:"]
    lines += [f"  {role:8} {where}" for role, where in plan["models"].items()]
    if plan["not_pinned"]:
        lines.append(
            f"  not pinned: {', '.join(plan['not_pinned'])} (`acdc families pin {plan['family']}` prints commits)"
        )
    for name, run in plan["runs"].items():
        lines.append(
            f"  {name}: {len(plan['run_seeds'])} runs, each {run['individuals']} models, at most {run['answers']:,} answers "
            f"({run['tokens']:,} tokens)"
        )
    lines.append(f"  scientist and judge: {plan['scientist']}")
    lines.append(f"  measured on {', '.join(plan['benchmarks'])}")
    if plan["not_in_this_version"]:
        lines.append(f"  not in this version: {', '.join(plan['not_in_this_version'])}")
    there = ", ".join(plan["records"]) or "none"
    lines.append(f"  records in {plan['records_folder']}: {there}")
    if plan["records_missing"]:
        lines.append(
            f"  missing: {', '.join(plan['records_missing'])}; looked for {RECORD_FILES}"
            f"{not_taken(plan['records_otherwise_named'])}"
        )
    lines += [
        f"  GPUs of 80 GB: {gpus['individuals']} for individuals and {gpus['scientist']} for the scientist at once; {gpus['big']} "
        "for the big model",
        f"published: {plan['published']['gpu_hours']:g} GPU-hours a run = {plan['published']['money']:,.0f} {cost}",
        f"our estimate, at most: {found['gpu_hours']:,.0f} GPU-hours = {found['money']:,.0f} {price['currency']} (evolution "
        f"{found['evolution']:,.0f}, measuring {found['measuring']:,.0f}, big model {found['big']:,.0f})",
        f"  assumed, not measured: {assumed}",
    ]
    return lines
