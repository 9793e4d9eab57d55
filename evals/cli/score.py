"""``acdc score``: verdict and extracted answer of given replies, exactly as an evaluation would score them."""

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from acdc.cli.options import PARAMS, Overrides, Params, check_place


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("score", help="Score given replies to a benchmark's records as an evaluation would.")(score)


def score(
    benchmark: Annotated[str, typer.Argument(help="A benchmark, e.g. gsm8k_llama.")],
    records: Annotated[Path, typer.Option(metavar="FILE", help="Its records, in their original fields.")],
    replies: Annotated[
        Path, typer.Option(metavar="FILE", help="JSON lines: id or position of the record, and reply.")
    ],
    out: Annotated[
        Path | None, typer.Option("--json", metavar="OUT", help="Write the verdicts there.")
    ] = None,
    params: Params = PARAMS,
    overrides: Overrides = [],  # noqa: B006
) -> None:
    """Score."""
    from acdc.sandbox import SandboxSettings
    from evals.answering.rescore import score as scored

    check_place("--json", out, "file")
    sandbox, judge = SandboxSettings(), None
    if params.is_file():
        from acdc.cli.options import settings

        config = settings(params, overrides)
        sandbox, judge = config.sandbox, config.judges.answers
    rows = scored(benchmark, records, replies, sandbox, judge)
    if out is not None:
        from evals.answering.evaluate_taskforce import write_json

        write_json(out, {"benchmark": benchmark, "verdicts": rows})
    for row in rows:
        typer.echo(_line(row))
    right = sum(row["correct"] is True for row in rows)
    errors = Counter(row["error"] for row in rows if row["error"])
    told = "".join(f", {count} × {error}" for error, count in sorted(errors.items()))
    typer.echo(f"{right} of {len(rows)} replies are right{told}")


def _line(row: dict[str, Any]) -> str:
    from acdc.chat.prompt_files import sendable

    verdict = {True: "right", False: "wrong", None: "not judged"}[row["correct"]]
    stopped = f" ({row['error']})" if row["error"] else ""
    extracted = json.dumps(row["extracted"][:200], ensure_ascii=False)
    return sendable(
        f"{row['id']}  {verdict}{stopped}  {extracted}"
    )  # a terminal takes no half of a surrogate pair
