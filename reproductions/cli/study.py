"""``acdc study``: many tiny families, the same variants in each, and what follows for families in general."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from acdc.cli.options import PARAMS, DryRun, Json, Params, check_place
from acdc.numbers.digits import fixed, in_percent
from evals.cli.output import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reproductions.study.family_scores import FamilyScores
    from reproductions.study.study import StudySettings
    from reproductions.tables.table import Table

ROOT = Path("build/study")


class Plan(NamedTuple):
    """What `--dry-run` prints; hours are None where no stage was timed yet, spreads and differences are shares in [0, 1]."""

    families: list[str]
    run_seeds: list[int]
    variants: list[str]
    runs: int
    finished: list[str]
    hours: float | None
    hours_from: str | None
    claims: int
    assumed_sd: float
    detectable: float


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("study", help="Where does the gain come from? Many families trained on their own (hours).")(
        study
    )


def study(
    params: Params = PARAMS,
    settings: Annotated[
        Path | None,
        typer.Option(help="The study; default: reproductions/tiny/study.yaml.", metavar="FILE"),
    ] = None,
    root: Annotated[Path, typer.Option(help="Where it runs; what is there is taken up again.")] = ROOT,
    out: Annotated[
        Path | None, typer.Option(help="Where the tables go; default: study/ below the root.", metavar="DIR")
    ] = None,
    kept: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Compute from these kept answers, the file or its folder; nothing is run.",
            metavar="PLACE",
        ),
    ] = None,
    expected: Annotated[
        Path | None,
        typer.Option(help="Also write what one more family should show, for `acdc verify`.", metavar="FILE"),
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Run the study, or what is left of it."""
    from reproductions.kept_answers import FILE
    from reproductions.study.study import SETTINGS, read_settings

    check_place("--root", root, "folder")
    check_place("--out", out, "folder")
    check_place("--expected", expected, "file")
    asked = read_settings(settings or SETTINGS)
    if kept is None:
        written = _settings_file(params, asked, root, write=not dry_run)
        if dry_run:
            plan = _plan(asked, root, params)
            say(plan._asdict(), _plan_text(asked, plan), as_json=as_json)
            return
        from acdc.cli.pipeline import run_pipeline

        run_pipeline(params, written, root, stage="compare")
        kept = _keep(asked, root, out or root / "study")
    elif dry_run:
        raise typer.BadParameter("--from runs nothing: there is nothing to plan")
    kept = kept / FILE if kept.is_dir() else kept
    folder = out or root / "study" if out or kept.is_relative_to(root) else None
    table = _made(asked, kept, folder, (params, expected) if expected else None)
    typer.echo(table.frame.to_json(orient="records", indent=2) if as_json else table.markdown())


def _made(
    asked: "StudySettings", kept: Path, folder: Path | None, expect: tuple[Path, Path] | None
) -> "Table":
    """The study's table; files go into the folder, and what `acdc verify` expects (params.yaml, file) is written."""
    from reproductions.study.family_scores import scores
    from reproductions.study.study import study_table

    families = scores(kept)
    table = study_table(asked, families)
    if folder:
        _write(asked, families, folder)
    if expect:
        _expect(asked, families, *expect)
    return table


def _keep(asked: "StudySettings", root: Path, folder: Path) -> Path:
    """The answers that the study's numbers rest on, in one small file."""
    from acdc.config.config import load
    from acdc.files import write_bytes
    from acdc.storage.layout import Layout
    from evals.comparison.evidence import evidence_of
    from reproductions.kept_answers import FILE, pack

    config, layout = load(root / "params.yaml"), Layout(root)
    evidences = [evidence_of(config, layout, config.run_specs(family)) for family in asked.names()]
    path = folder / FILE
    write_bytes(path, pack(evidences, asked.methods(), asked.sizes))
    return path


def _write(asked: "StudySettings", families: "Sequence[FamilyScores]", folder: Path) -> None:
    import pandas as pd

    from acdc.files import write_text
    from reproductions.study.study import differences, study_table

    study_table(asked, families).write(folder)
    rows = pd.DataFrame(differences(asked, families))
    write_text(
        folder / "differences.csv",
        rows.to_csv(index=False, float_format=_six_places, lineterminator="\n"),
    )
    typer.echo(f"Written: {folder}", err=True)


def _expect(asked: "StudySettings", families: "Sequence[FamilyScores]", params: Path, path: Path) -> None:
    from acdc.config.config import load
    from acdc.files import write_text
    from reproductions.study.expected import expected_of_study

    made = expected_of_study(asked, families, path.parent.name, load(params).selected.variants)
    write_text(path, made.model_dump_json(indent=1, exclude_defaults=True) + "\n")
    typer.echo(f"Written: {path} ({len(made.cells)} numbers; {made.source})", err=True)


def _settings_file(params: Path, asked: "StudySettings", root: Path, *, write: bool) -> Path:
    """The overlay as a file, checked against the project's settings before anything is written."""
    from acdc.config.config import parse
    from acdc.files import write_text
    from acdc.parsing.validation import merged
    from acdc.parsing.yaml import read_settings_file, write_yaml
    from reproductions.study.study import overlay

    made = overlay(asked)
    parse(merged(read_settings_file(params), made), params)
    path = root / "study.overlay.yaml"
    if write:
        write_text(path, write_yaml(made))
    return path


def _plan(asked: "StudySettings", root: Path, params: Path) -> Plan:
    from acdc.storage.journal import stage_seconds
    from acdc.storage.layout import Layout
    from evals.statistics.power import minimum_detectable_effect
    from reproductions.study.study import hours

    begun = stage_seconds(Layout(root).cache())
    estimate = hours(asked, begun, len(asked.run_seeds))
    source = "its own stages so far"
    if estimate is None:
        from acdc.config.config import load

        estimate = hours(asked, stage_seconds(Layout().cache()), len(load(params).selected.seeds))
        source = "the stages of this project"
    seen = minimum_detectable_effect(asked.assumed_sd / 100, asked.families, alternative="two-sided")
    return Plan(
        families=asked.names(),
        run_seeds=list(asked.run_seeds),
        variants=list(asked.variants),
        runs=asked.families * len(asked.run_seeds) * len(asked.variants),
        finished=[name for name in asked.names() if (root / "comparison" / f"{name}.json").is_file()],
        hours=estimate,
        hours_from=source if estimate is not None else None,
        claims=len(asked.claims()),
        assumed_sd=asked.assumed_sd / 100,
        detectable=seen,
    )


def _plan_text(asked: "StudySettings", plan: Plan) -> str:
    time = (
        f"about {fixed(plan.hours, 1)} hours, going by {plan.hours_from}"
        if plan.hours is not None
        else "hours unknown: no stage was timed here yet, `make reproduce` does"
    )
    lines = [
        f"{len(plan.families)} families × {len(plan.run_seeds)} run seeds × {len(plan.variants)} variants = "
        f"{plan.runs} runs; {len(plan.finished)} families are compared already",
        time,
        f"{plan.claims} declared claims; one of them alone would be seen from {in_percent(plan.detectable)} points on "
        f"(80%, two-sided 5%), if families differ by {asked.assumed_sd:g} points as assumed; Holm's correction asks for more",
    ]
    lines += [f"  {name}: {question.asks}" for name, question in asked.questions.items()]
    return "\n".join(lines)


def _six_places(value: object) -> str:
    assert isinstance(value, float)
    return fixed(value, 6)
