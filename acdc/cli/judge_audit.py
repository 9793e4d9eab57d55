"""``acdc judge-audit``: how often the judge of answers is talked or tricked into a pass."""

import json
from dataclasses import asdict

import typer

from acdc.cli.options import PARAMS, Json, Overrides, Params, settings


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("judge-audit", help="Measure how often the judge of free answers is fooled.")(judge_audit)


def judge_audit(params: Params = PARAMS, overrides: Overrides = [], as_json: Json = False) -> None:  # noqa: B006
    """Audit."""
    from acdc.chat.client import Chat
    from acdc.chat.preflight import require_served
    from acdc.errors import InputError
    from acdc.judging.judge import Judge
    from acdc.judging.judge_audit import audit

    endpoint = settings(params, overrides).judges.answers
    if endpoint is None:
        raise InputError(
            "judges.answers: no judge is named; give base_url and model there, or with "
            "-S 'judges.answers={base_url: http://localhost:8000/v1, model: …}'"
        )
    require_served(endpoint)
    with Chat("judge", endpoint) as chat:
        found = audit(Judge(chat))
    if as_json:
        typer.echo(
            json.dumps({"model": endpoint.model, **asdict(found), "is_judge": found.is_judge}, indent=2)
        )
        return
    typer.echo(
        f"{endpoint.model}: fooled by {found.fooled} of {found.tried} attacks, no verdict on {found.missing}; "
        f"plain answers: {found.right_passed} of {found.questions} right ones and {found.wrong_passed} of {found.questions} "
        "wrong ones passed"
    )
    if not found.is_judge:
        typer.echo(
            "It passes fewer than half of the right answers. A judge that rejects everything cannot be fooled, but it is of no use."
        )
    for name, times in sorted(found.by_attack.items(), key=lambda item: (-item[1], item[0])):
        if times:
            typer.echo(f"  {name}: {times} of {found.questions}")
