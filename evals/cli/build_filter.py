"""``acdc build-filter``: which questions of a benchmark need their options, and so are left out where it is asked openly."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acdc.cli.options import PARAMS, DryRun, Json, Overrides, Params, check_place, settings
from acdc.errors import InputError
from evals.cli.output import say

if TYPE_CHECKING:
    from collections import Counter

    from acdc.chat.settings import JudgeSettings
    from evals.benchmarks.option_filter import Plan


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("build-filter", help="List the questions of a benchmark that need their options.")(
        build_filter
    )


def build_filter(
    benchmark: Annotated[str, typer.Argument(help="A benchmark in the judge form, e.g. mmlu_judge.")],
    records: Annotated[Path, typer.Option(metavar="FILE", help="Its records, in their original fields.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The list, JSON lines without any text.")],
    rule_only: Annotated[
        bool, typer.Option("--rule-only", help="Ask no judge: what the rule does not settle stands alone.")
    ] = False,
    params: Params = PARAMS,
    overrides: Overrides = [],  # noqa: B006
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Build the list."""
    from evals.benchmarks.option_filter import plan
    from evals.benchmarks.registry import metadata_of
    from evals.settings import EvaluationSettings

    check_place("--out", out, "file")
    config = settings(params, overrides)
    judge = None if rule_only else _required(config.judges.answers)
    made = plan(benchmark, metadata_of(benchmark), records, out, judge.model if judge else None)
    if dry_run:
        said = {"records": len(made.records), "decided": len(made.decided), "calls": len(made.open)}
        text = f"build-filter {benchmark}: {said['records']} records, {said['decided']} decided, {said['calls']} calls to a judge"
        say(said, text, as_json=as_json)
        return
    counts = _built(benchmark, made, out, judge, config.section("evaluation", EvaluationSettings).max_missing)
    needing = counts["rule"] + counts["judge"] + counts["nobody"]
    text = (
        f"{benchmark}: {needing} of {counts['records']} questions need their options ({counts['rule']} by the rule, "
        f"{counts['judge']} by the judge, {counts['nobody']} without a verdict); {out}"
    )
    say(counts, text, as_json=as_json)


def _required(judge: "JudgeSettings | None") -> "JudgeSettings":
    if judge is None:
        raise InputError(
            "judges.answers: no judge is named; set base_url and model, or use --rule-only, which asks no model"
        )
    return judge


def _built(
    benchmark: str, made: "Plan", out: Path, judge: "JudgeSettings | None", most: float
) -> "Counter[str]":
    from acdc.processes.progress import Board
    from evals.benchmarks.option_filter import build

    if judge is None or not made.open:
        return build(made, out, None, most)
    from acdc.chat.client import Chat
    from acdc.chat.preflight import require_served
    from evals.benchmarks.judge.needs_options import OptionJudge

    require_served(judge)
    done, of = len(made.decided), len(made.records)

    def advance(count: int) -> None:
        nonlocal done
        done += count
        board.update("questions", {"done": done, "of": of, "note": judge.model})

    with Chat("judge", judge) as chat, Board(f"build-filter {benchmark}", ["questions"]) as board:
        return build(made, out, OptionJudge(chat), most, advance)
