"""``acdc power``: which difference a planned comparison can show, before it is run."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar

import typer

from acdc.cli.options import Json
from acdc.numbers.digits import fixed, in_percent

if TYPE_CHECKING:
    from evals.comparison.document import Comparison
    from evals.comparison.planning import Design, Reach, Spreads

Planned = TypeVar("Planned", "Design", "Spreads")
DISAGREEMENT, QUESTIONS, BENCHMARKS = 0.25, 100, 8

Spread = Annotated[float | None, typer.Option(help="Standard deviation in points.", min=0, max=100)]


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "power", help="Which difference can be seen with so many questions, benchmarks and families?"
    )(power)


def power(
    source: Annotated[
        list[Path] | None,
        typer.Option(
            "--from", help="comparison/<family>.json to estimate spreads from; several.", metavar="FILE"
        ),
    ] = None,
    rival: Annotated[
        str | None, typer.Option(help="With --from: id or name of the rival; default: control.")
    ] = None,
    n: Annotated[int | None, typer.Option(help="With --from: N of the claim; default: the largest.")] = None,
    questions: Annotated[
        int | None, typer.Option(help=f"Of each benchmark; default {QUESTIONS}.", min=1)
    ] = None,
    benchmarks: Annotated[int | None, typer.Option(help=f"How many; default {BENCHMARKS}.", min=1)] = None,
    runs: Annotated[int | None, typer.Option(help="Run seeds of each family; default 1.", min=1)] = None,
    families: Annotated[
        int | None, typer.Option(help="Independently trained families; default 1.", min=1)
    ] = None,
    disagreement: Annotated[
        float | None,
        typer.Option(
            help=f"Share of questions on which the two differ; default {DISAGREEMENT}.", min=0, max=1
        ),
    ] = None,
    between_benchmarks: Spread = None,
    between_runs: Spread = None,
    between_families: Spread = None,
    effect: Annotated[
        float | None, typer.Option(help="A difference in points: how many units does it need?")
    ] = None,
    chance: Annotated[float, typer.Option("--power", help="Chance of seeing it.")] = 0.8,
    alpha: Annotated[float, typer.Option(help="Level of the test.")] = 0.05,
    two_sided: Annotated[bool, typer.Option("--two-sided", help="Test both directions.")] = False,
    as_json: Json = False,
) -> None:
    """Plan."""
    spreads, design = _estimates(source or [], rival, n)
    design = _changed(
        design, {"questions": questions, "benchmarks": benchmarks, "runs": runs, "families": families}
    )
    points = {"benchmarks": between_benchmarks, "runs": between_runs, "families": between_families}
    shares = {name: None if value is None else value / 100 for name, value in points.items()}
    spreads = _changed(spreads, {"disagreement": disagreement, **shares})
    _show(design, spreads, effect, _Test(chance, alpha, 2 if two_sided else 1), as_json)


class _Test(NamedTuple):
    """The t test that is planned: its power, its level, and one side or two."""

    power: float
    alpha: float
    sides: int


def _estimates(paths: list[Path], rival: str | None, n: int | None) -> "tuple[Spreads, Design]":
    """Spreads and design of comparisons; assumed ones where there are none."""
    from acdc.errors import InputError
    from evals.comparison.planning import Design, Spreads, estimated

    if paths:
        return estimated([_read(path) for path in paths], rival, n)
    if rival is not None or n is not None:
        raise InputError("power: --rival and --n choose a claim of a comparison; give one with --from")
    return Spreads(DISAGREEMENT), Design(QUESTIONS, BENCHMARKS)


def _changed(made: Planned, given: Mapping[str, float | None]) -> Planned:
    """With the numbers that were given."""
    known: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    return replace(made, **known)


def _show(design: "Design", spreads: "Spreads", effect: float | None, test: _Test, as_json: bool) -> None:
    from evals.comparison.planning import reaches

    wanted = None if effect is None else effect / 100
    rows = reaches(
        design,
        spreads,
        effect=wanted,
        power=test.power,
        alpha=test.alpha,
        alternative="two-sided" if test.sides == 2 else "greater",
    )
    if not as_json:
        for line in _lines(design, spreads, rows, effect, test):
            typer.echo(line)
        return
    document = {
        "design": asdict(design),
        "spreads": asdict(spreads),
        "test": test._asdict(),
        "effect": wanted,
        "reaches": [asdict(row) for row in rows],
    }
    typer.echo(json.dumps(document, indent=2, allow_nan=False))


def _read(path: Path) -> "Comparison":
    from pydantic import ValidationError

    from acdc.errors import InputError
    from evals.comparison.document import Comparison

    if not path.is_file():
        raise InputError(f"{path}: there is no such file; `acdc compare` writes comparison/<family>.json")
    try:
        return Comparison.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise InputError(
            f"{path}: not a comparison: {error.errors()[0]['msg']}; run `acdc compare`"
        ) from None


def _lines(
    design: "Design", spreads: "Spreads", rows: "list[Reach]", effect: float | None, test: _Test
) -> list[str]:
    """The plan as a person reads it, differences in points."""
    sides = "two-sided" if test.sides == 2 else "one-sided"
    lines = [
        f"{design.families} families × {design.runs} run seeds, {design.benchmarks} benchmarks × {design.questions} questions; "
        f"t test, {sides} {test.alpha:.0%}, seen with a chance of {test.power:.0%}.",
        *spreads.notes,
        f"Spreads in points: questions {in_percent(spreads.disagreement**0.5)} (variance {fixed(spreads.disagreement, 3)}), "
        f"benchmarks {_points(spreads.benchmarks)}, runs {_points(spreads.runs)}, families {_points(spreads.families)}.",
        "",
    ]
    for row in rows:
        seen = (
            f"{in_percent(row.detectable)} points" if row.detectable is not None else f"unknown: {row.reason}"
        )
        more = "" if row.needed is None else f"; {effect:g} points need {row.needed:,} {row.over}"
        lines.append(f"  over {row.units:>5,} {row.over:10}  {seen}{more}  ({row.statement})")
    return lines


def _points(value: float | None) -> str:
    return "unknown" if value is None else in_percent(value)
