"""``acdc verify FAMILY``: is what was measured what is expected?"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acdc.cli.options import PARAMS, Json
from acdc.numbers.digits import in_percent

if TYPE_CHECKING:
    from evals.comparison.document import Comparison
    from reproductions.verify.expected import Expected, Verdict


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "verify",
        help="Compare what was measured with what is expected, exactly where the models ship, else within tolerances: "
        "0 it agrees, 3 it does not, 4 not enough data.",
    )(verify)


def verify(
    family: Annotated[str, typer.Argument(help="tiny, qwen2, ...: a family with a comparison.")],
    comparison: Annotated[
        Path | None,
        typer.Option(help="What was measured; default: comparison/<family>.json.", metavar="FILE"),
    ] = None,
    expected: Annotated[
        Path | None,
        typer.Option(help="What is expected; default: reproductions/<family>/expected.json.", metavar="FILE"),
    ] = None,
    alpha: Annotated[
        float, typer.Option(help="Chance that sampling alone puts any number outside.", min=1e-6, max=0.5)
    ] = 0.05,
    write: Annotated[
        bool, typer.Option("--write", help="Make the measured numbers the expected ones, and stop.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Verify."""
    from acdc.files import write_text
    from acdc.storage.layout import Layout
    from reproductions.verify.exact import shipped
    from reproductions.verify.expected import expected_file, expected_of, read_expected
    from reproductions.verify.expected import verify as verified

    path = expected or expected_file(family)
    if expected is None and not path.parent.is_dir():
        _refuse(family, path.parent.parent, comparison)
    root = _project(comparison)
    if shipped(Layout(root).family_file(family)):
        _exactly(family, path.parent, root, _measured(family, comparison), write=write, as_json=as_json)
        return
    if write:
        made = expected_of(_measured(family, comparison))
        write_text(path, made.model_dump_json(indent=1, exclude_defaults=True) + "\n")
        typer.echo(f"Written: {path} ({len(made.cells)} numbers; {made.source})")
        return
    wanted = read_expected(path)
    verdicts = verified(wanted, _measured(family, comparison), alpha=alpha)
    _within_tolerances(family, wanted, verdicts, alpha, as_json)


def _within_tolerances(
    family: str, wanted: "Expected", verdicts: "list[Verdict]", alpha: float, as_json: bool
) -> None:
    """Print what differs, and end with 3 or 4 where a number is outside or without a verdict."""
    from acdc.errors import NotEnoughDataError, ToleranceError

    counts = {
        kind: sum(verdict.verdict == kind for verdict in verdicts)
        for kind in ("within", "outside", "not measured", "undecided")
    }
    if as_json:
        document = {
            "family": family,
            "source": wanted.source,
            "alpha": alpha,
            "summary": counts,
            "cells": [{**asdict(verdict), "cell": verdict.cell.model_dump()} for verdict in verdicts],
        }
        typer.echo(json.dumps(document, indent=2, allow_nan=False))
    else:
        for line in _lines(verdicts):
            typer.echo(line)
    said = _summary(wanted, counts, family)
    if counts["outside"]:
        raise ToleranceError(said)
    if counts["within"] < len(verdicts) or not verdicts:
        raise NotEnoughDataError(said)
    if not as_json:
        typer.echo(said)


def _project(comparison: Path | None) -> Path:
    """Where the stages of this measurement lie: above the folder of comparisons."""
    return comparison.parent.parent if comparison is not None else Path()


def _exactly(
    family: str, folder: Path, root: Path, comparison: "Comparison", *, write: bool, as_json: bool
) -> None:
    """Compare digit for digit and answer for answer, or keep what was measured."""
    from acdc.config.config import load
    from acdc.errors import InputError, NotEnoughDataError, ToleranceError
    from acdc.files import write_bytes
    from acdc.storage.layout import Layout
    from evals.comparison.evidence import evidence_of
    from reproductions.report.settings import ReportSettings
    from reproductions.verify.exact import exactness, kept_files
    from reproductions.verify.exact_report import document, lines, summary

    config = load(root / PARAMS)
    sizes = config.section("report", ReportSettings).headline_sizes
    try:
        evidence = evidence_of(config, Layout(root), config.run_specs(family))
    except InputError as error:
        raise NotEnoughDataError(f"the answers behind the comparison are needed, too: {error}") from None
    if write:
        for name, content in kept_files(comparison, evidence, sizes).items():
            write_bytes(folder / name, content)
            typer.echo(f"Written: {folder / name} ({len(content) / 1024:,.0f} KiB)")
        return
    found = exactness(folder, comparison, evidence, sizes)
    if as_json:
        typer.echo(json.dumps(document(family, found), indent=2, ensure_ascii=False))
    else:
        for line in lines(found, sum(comparison.benchmarks.values())):
            typer.echo(line)
    said = summary(family, found)
    if not found.equal:
        raise ToleranceError(said)
    if not as_json:
        typer.echo(said)


def _summary(wanted: "Expected", counts: dict[str, int], family: str) -> str:
    """How many numbers are right and what that means, what became of the others, and where the expected ones are from."""
    families = wanted.cells and all(cell.family_sd is not None for cell in wanted.cells)
    place = "where one more family should" if families else "within their tolerance of the expected ones"
    others = "".join(f", {count} {kind}" for kind, count in counts.items() if count and kind != "within")
    return (
        f"{family}: {counts['within']} of {sum(counts.values())} numbers lie {place}{others}; "
        f"expected: {wanted.source}"
    )


def _refuse(family: str, folder: Path, comparison: Path | None) -> None:
    """Bad input where neither expectations nor a measurement know the family."""
    import difflib

    from acdc.errors import InputError
    from acdc.storage.layout import Layout
    from reproductions.load import comparison_file

    if (comparison or comparison_file(Layout(), family)).is_file():
        return
    known = sorted(path.parent.name for path in folder.glob("*/expected.json"))
    near = difflib.get_close_matches(family, [*known, "tiny"], 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    raise InputError(f"there is no family {family!r}; {hint}")


def _measured(family: str, path: Path | None) -> "Comparison":
    from pydantic import ValidationError

    from acdc.errors import InputError, NotEnoughDataError
    from acdc.storage.layout import Layout
    from evals.comparison.document import Comparison
    from reproductions.load import comparison_file

    if path is None and not PARAMS.is_file():
        raise InputError(
            f"there is no {PARAMS} here: run in the project's folder, or name a measurement with --comparison"
        )
    path = path or comparison_file(Layout(), family)
    if not path.is_file():
        raise NotEnoughDataError(
            f"{path}: {family} has no comparison yet; `acdc compare` writes it, `acdc summary` names the next step"
        )
    try:
        return Comparison.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise InputError(
            f"{path}: not a comparison: {error.errors()[0]['msg']}; run `acdc compare`"
        ) from None


def _lines(verdicts: "list[Verdict]") -> list[str]:
    """The numbers that differ, then those without a verdict, grouped by their reason."""
    lines = [
        f"outside: {_name(item)}: measured {in_percent(item.measured, 2)}, expected {in_percent(item.cell.value, 2)}, "
        f"tolerance ±{in_percent(item.tolerance, 2)} points"
        for item in verdicts
        if item.verdict == "outside" and item.measured is not None and item.tolerance is not None
    ]
    open_: dict[str, list[str]] = {}
    for item in verdicts:
        if item.verdict in ("not measured", "undecided"):
            open_.setdefault(f"{item.verdict}: {item.reason}", []).append(_name(item))
    for reason, names in open_.items():
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        lines.append(f"{reason}: {'; '.join(names[:3])}{more}")
    return lines


def _name(item: "Verdict") -> str:
    names = list(item.cell.benchmarks)
    where = names[0] if len(names) == 1 else f"mean of {len(names)}"
    what = f"{item.cell.method} − {item.cell.rival}" if item.cell.rival else item.cell.method
    return f"{what} N={item.cell.n} {where}"
