"""``acdc reproduce FAMILY``: one of the paper's families, from its models to ours beside the paper's, cell by cell."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acdc.cli.options import PARAMS, DryRun, Json, Overrides, Params, check_place
from evals.cli.shared import say

if TYPE_CHECKING:
    from acdc.config.config import Config

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
    from reproductions.replicate.plan import lines, planned
    from reproductions.replicate.reproduction import parsed, read_hardware
    from reproductions.replicate.reproduction import settings as settings_of

    check_place("--root", root, "folder")
    changes: dict[str, dict[str, float]] = {}
    if price is not None:
        changes["price"] = {"per_gpu_hour": price}
    if tokens_per_second is not None:
        changes["assumed"] = {"tokens_per_second": tokens_per_second}
    hardware = read_hardware(family, changes)
    made = settings_of(params, family, data, [override(text) for text in overrides])
    config = parsed(made, params)
    if dry_run:
        plan = planned(config, family, hardware, data)
        say(plan.model_dump(mode="json"), "\n".join(lines(plan)), as_json=as_json)
        return
    _run(config, family, data, made, params, root or ROOT / family)


def _run(
    config: "Config", family: str, data: Path, made: dict[str, object], params: Path, place: Path
) -> None:
    """Check what can be known before, run what is left, and show what came out."""
    import yaml

    from acdc.cli.pipeline import rehearse
    from acdc.files import write_text
    from reproductions.replicate.reproduction import check_records

    check_records(config, data)
    _check_family(config, family)
    _check_voices(config, family)
    overlay = place / "reproduction.yaml"
    write_text(overlay, yaml.safe_dump(made, sort_keys=False, allow_unicode=True))
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
