"""``acdc same``: does the pipeline end with the same numbers, whatever kernels the libraries choose?"""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acdc.cli.options import PARAMS, Json, Params, check_place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reproductions.same.differences import Agreement
    from reproductions.same.pipelines import Pipeline


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "same",
        help="Run the pipeline under several settings of the numerical libraries and compare it cell by cell: "
        "0 all cells are equal, 3 some differ, 4 there was nothing to compare, 5 a pipeline failed.",
    )(same)


def same(
    params: Params = PARAMS,
    overlay: Annotated[Path, typer.Option(help="Settings laid over params.yaml.", metavar="FILE")] = Path(
        "params.smoke.yaml"
    ),
    full: Annotated[
        bool, typer.Option("--full", help="Run params.yaml as it is, without the overlay.")
    ] = False,
    root: Annotated[
        Path | None,
        typer.Option(
            help="Where to run; what is there is taken up again. Default: build/same, with --full build/same-full.",
            metavar="DIR",
        ),
    ] = None,
    settings: Annotated[
        list[str],
        typer.Option(
            "--settings", help="Only this setting beside the first; may be repeated.", metavar="NAME"
        ),
    ] = [],  # noqa: B006
    as_json: Json = False,
) -> None:
    """Run and compare."""
    check_place("--root", root, "folder")
    from acdc.config.config import load
    from acdc.errors import InfrastructureError, NotEnoughDataError, ToleranceError
    from reproductions.report.settings import ReportSettings
    from reproductions.same.pipelines import Place, run_pipelines
    from reproductions.same.report import document, lines, summary
    from reproductions.same.settings import chosen, read_settings

    known = read_settings()
    wanted = chosen(known, settings)
    root = root or Path("build") / ("same-full" if full else "same")
    unset = sorted(
        {n for it in known.values() for n in it.environment} & set(os.environ) - {"OMP_NUM_THREADS"}
    )
    if unset:
        _say(f"Set in this shell, and not in the pipelines: {', '.join(unset)}")
    place = Place(params, None if full else overlay, root)
    pipelines = run_pipelines(wanted, known, place, shell=os.environ, say=_say)
    shown = load(pipelines[0].root / PARAMS).section("report", ReportSettings).headline_sizes
    agreements = _agreements(pipelines, shown)
    if as_json:
        typer.echo(json.dumps(document(pipelines, agreements), indent=1, ensure_ascii=False))
    else:
        for line in lines(pipelines, agreements):
            typer.echo(line)
    said = summary(pipelines, agreements)
    if failed := [it.name for it in pipelines if it.failed]:
        raise InfrastructureError(f"{said}; not to its end: {', '.join(failed)}")
    if any(it.different for it in agreements.values()):
        raise ToleranceError(said)
    if not any(it.compared for it in agreements.values()):
        raise NotEnoughDataError(f"{said}; that says nothing")
    if not as_json:
        typer.echo(said)


def _agreements(pipelines: "Sequence[Pipeline]", sizes: "Sequence[int]") -> "dict[str, Agreement]":
    from reproductions.same.differences import agreement

    first, *others = [pipeline for pipeline in pipelines if pipeline.finished]
    return {it.name: agreement(first.root, it.root, sizes) for it in others}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201
