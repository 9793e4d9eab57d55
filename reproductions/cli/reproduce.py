"""``acdc reproduce FAMILY``: one of the paper's families, from its models to ours beside the paper's, cell by cell."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acdc.cli.options import PARAMS, DryRun, Json, Overrides, Params, check_place
from evals.cli.output import say

if TYPE_CHECKING:
    from acdc.config.config import Config
    from acdc.config.run_spec import RunSpec

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
    runs = config.run_specs(family)
    if dry_run:
        plan = planned(config, runs, hardware, data)
        say(plan.model_dump(mode="json"), "\n".join(lines(plan)), as_json=as_json)
        return
    _run(config, runs, data, made, params, root or ROOT / family)


def _run(
    config: "Config", runs: "list[RunSpec]", data: Path, made: dict[str, object], params: Path, place: Path
) -> None:
    """Check what can be known before, run what is left, and show what came out."""
    from acdc.cli.pipeline import run_pipeline
    from acdc.files import write_text
    from acdc.parsing.yaml import write_yaml
    from reproductions.replicate.reproduction import check_records

    check_records(config, data)
    _check_family(config, runs[0])
    _check_endpoints(config, runs)
    overlay = place / "reproduction.yaml"
    write_text(overlay, write_yaml(made))
    run_pipeline(params, overlay, place)
    _show(runs[0].key.family, place)


def _check_family(config: "Config", run: "RunSpec") -> None:
    """What can be known before a GPU is rented; ends where something cannot run."""
    from acdc.preflight.family.report import check_family
    from acdc.storage.layout import Layout

    report = check_family(config, run, Layout(), measure=False)
    for finding in report.findings:
        if finding.level in ("warning", "error", "access"):
            typer.echo(str(finding), err=True)
    fault = report.fault()
    if fault is not None:
        raise fault


def _check_endpoints(config: "Config", runs: "list[RunSpec]") -> None:
    """Endpoints answer, with the models that are asked for."""
    from acdc.runs.endpoints import require_endpoints

    for settings in {run.key.variant: run.settings for run in runs}.values():
        for warning in require_endpoints(config, settings):
            typer.echo(f"warning: {warning}", err=True)


def _show(family: str, root: Path) -> None:
    """Ours beside the paper's, and where the rest is."""
    from acdc.storage.layout import Layout
    from reproductions.paper.printed_tables import Print
    from reproductions.paper.with_our_numbers import compared_with_paper

    name = SHOWN.get(family, "table6")
    typer.echo(compared_with_paper(Print.read(), name, [Layout(root)]).markdown())
    typer.echo(f"Other tables:  acdc table 1 --root {root}")
    typer.echo(f"Tolerances:    acdc verify {family} --comparison {root / 'comparison' / f'{family}.json'}")
    typer.echo(f"The report:    {root / 'report' / 'index.html'}")
