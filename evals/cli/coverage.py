"""``acdc coverage``: what lm-eval sample logs of any models say about them together; nothing else of this project is needed."""

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from acdc.cli.options import Json
from acdc.numbers.digits import in_percent, significant

if TYPE_CHECKING:
    from evals.logs.read import TaskLog
    from evals.logs.report import Report

_SECONDS_BETWEEN_LINES = 5.0
_FEW = 8  # models that a heading names
_SEVERAL = ("--samples", "--baseline", "--task")


class _Command(TyperCommand):
    """A command whose folders may follow one option together, as a shell expands `runs/*`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The same with the option said again before each further folder."""
        return list(super().parse_args(ctx, repeated(args)))


def repeated(arguments: Sequence[str]) -> list[str]:
    """`--samples a b` as `--samples a --samples b`."""
    found: list[str] = []
    option, fresh = "", False
    for word in arguments:
        if word.startswith("-"):
            option, fresh = (word if word in _SEVERAL else ""), True
        elif option and not fresh:
            found.append(option)
        else:
            fresh = False
        found.append(word)
    return found


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "coverage",
        cls=_Command,
        help="Coverage of models by their lm-eval sample logs (lm_eval --log_samples --output_path DIR).",
    )(coverage)


def coverage(
    samples: Annotated[
        list[Path], typer.Option("--samples", metavar="DIR…", help="Folders with samples_*.jsonl.")
    ],
    baseline: Annotated[
        list[Path],
        typer.Option("--baseline", metavar="DIR…", help="Folders to compare with, question by question."),
    ] = [],  # noqa: B006
    task: Annotated[list[str], typer.Option("--task", metavar="TASK…", help="Only these tasks.")] = [],  # noqa: B006
    metric: Annotated[str, typer.Option(help="The metric that says what is right; default: the first.")] = "",
    filter: Annotated[str, typer.Option(help="The filter that extracts answers; default: the first.")] = "",
    confidence: Annotated[float, typer.Option(min=0.51, max=0.999, help="Of the intervals.")] = 0.95,
    as_json: Json = False,
) -> None:
    """Report on logs."""
    from evals.logs.read import Reading, read_logs
    from evals.logs.report import EVERY_N, log_report
    from evals.settings import StatisticsSettings

    reading = Reading(metric, filter, tuple(task))
    settings = StatisticsSettings(resamples=10_000, confidence=confidence, alpha=0.05, seed=0)
    progress = Progress()
    ours = read_logs(samples, reading, progress)
    theirs = read_logs(baseline, reading, progress) if baseline else None
    for found in (ours, theirs or {}):
        if (draws := _draws(found)) and sum(draws.values()) > EVERY_N:  # perhaps a folder too high up
            typer.echo(f"coverage: {_counted(draws)}", err=True)
    report = log_report(ours, theirs, settings, progress)
    if as_json:
        typer.echo(json.dumps(report, indent=2, ensure_ascii=False))
        return
    typer.echo(_text(report, _draws(ours), _draws(theirs or {})))


class Progress:
    """Says on standard error how far long work is; work of a few seconds passes in silence.

    Args:
        seconds: Between two lines.
    """

    def __init__(self, seconds: float = _SECONDS_BETWEEN_LINES) -> None:
        self._seconds, self._spoke = seconds, time.monotonic()

    def __call__(self, what: str, done: int, of: int) -> None:
        """Called after each piece of the work."""
        if time.monotonic() - self._spoke >= self._seconds:
            self._spoke = time.monotonic()
            typer.echo(f"coverage: {what}, {done} of {of}", err=True)


def _draws(logs: "Mapping[str, TaskLog]") -> dict[str, int]:
    """How often each model answered each question, in order."""
    first = next(iter(logs.values()), None)
    return dict(Counter(answerer.model for answerer in first.matrix.answerers)) if first else {}


def _counted(draws: Mapping[str, int]) -> str:
    count = sum(draws.values())
    return f"{len(draws)} model{'s' * (len(draws) > 1)}, {count} answer{'s' * (count > 1)} a question"


def _named(draws: Mapping[str, int]) -> str:
    """Models with their draws, for a heading."""
    told = [f"{model} ({count} draws)" if count > 1 else model for model, count in draws.items()]
    more = len(told) - _FEW
    return ", ".join(told if more <= 0 else [*told[:_FEW], f"{more} more models"])


def _text(report: "Report", ours: Mapping[str, int], theirs: Mapping[str, int]) -> str:
    lines = [f"{_counted(ours)}; {report['confidence']:.0%} intervals", ""]
    for name, row in report["benchmarks"].items():
        lines.append(
            f"{name}: {_percent(row)} of {row['questions']} questions covered ({row['filter']}, {row['metric']})"
        )
        if row["also_there"]:
            lines.append(f"    not read: {', '.join(row['also_there'])}")
        if row["same_prompts"] is False:
            lines.append("    the models did not all read the same prompts")
        if row["same_prompts"] is None:
            lines.append(
                "    whether the models read the same prompts is not known: records without prompt_hash"
            )
        if row["dropped"]:
            lines.append(f"    {row['dropped']} questions left out: an answer is missing")
    lines += ["", "   N  these N               any N"]
    lines += [
        f"{row['n']:4d}  {_percent(row['these'], 'mean'):22}{_percent(row['any'], 'mean')}"
        for row in report["coverage"]
    ]
    lines += ["", "   alone  unique  Shapley  without  model"]
    lines += [
        f"{row['alone']:8.1%}{row['unique']:8d}{row['shapley']:9.1%}{row['without']:9.1%}  {row['model']}"
        for row in report["contributions"]
    ]
    lines += ["", *_choice(report), _cut(report)]
    if "comparison" in report:
        lines += ["", *_comparison(report["comparison"], _named(theirs))]
    return "\n".join(lines)


def _choice(report: "Report") -> list[str]:
    row = report["best_of_n"]
    lines = [
        f"one answer by majority ({report['answers_compared_by']}): {_percent(row['majority'], 'mean')}",
        f"one answer at random: {_percent(row['random'], 'mean')}",
    ]
    if row["efficiency"] is None:
        return [*lines, "selection efficiency: not defined, no question depends on the choice"]
    return [*lines, f"selection efficiency: {_percent(row['efficiency'], 'value')}"]


def _cut(report: "Report") -> str:
    cut = report["cut_off"]
    if cut is None:
        return "answers cut off: not known, these logs do not say how answers ended"
    left = cut["coverage_without"]
    without = (
        ""
        if left is None
        else f"; coverage of the {cut['questions_without']} other questions {in_percent(left)}%"
    )
    return f"answers cut off: {in_percent(cut['answers'])}%{without}"


def _comparison(report: "Report", theirs: str) -> list[str]:
    lines = [f"against {theirs} (question by question):"]
    for row in report["same_n"]:
        wider = row.get("other_benchmarks")
        beyond = (
            ""
            if wider is None
            else f", other benchmarks [{in_percent(wider['low'], plus=True)}%, {in_percent(wider['high'], plus=True)}%]"
        )
        lines.append(f"  N = {row['n']}, any N: {_signed(row['difference'])}{beyond}")
    whole = report["everybody"]
    lines.append(
        f"  everybody: {_signed(whole['difference'])}, McNemar p = {significant(whole['mcnemar'], 3)}"
    )
    return lines + ([f"  {report['note']}"] if "note" in report else [])


def _percent(row: "Report", value: str = "coverage") -> str:
    return f"{in_percent(row[value])}% [{in_percent(row['low'])}%, {in_percent(row['high'])}%]"


def _signed(row: "Report") -> str:
    return f"{in_percent(row['mean'], plus=True)}% [{in_percent(row['low'], plus=True)}%, {in_percent(row['high'], plus=True)}%]"
