"""``acdc ask RUN QUESTION``: the answers of a task force, and one final answer."""

import functools
import json
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from acdc.cli.options import PARAMS, Json, Overrides, Params, settings
from acdc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from acdc.chat.settings import JudgeSettings
    from acdc.config.config import Config
    from acdc.families.family import Family
    from evals.ask import Answered, Chooser, Member
    from evals.best_of_n.selector import Judge


class _Asked(NamedTuple):
    """How a run asked: its system message and the token budget of an answer."""

    system: str
    max_new_tokens: int


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("ask", help="Ask a run's task force a question: every member's answer, and a final one.")(ask)


def ask(
    run: Annotated[Path, typer.Argument(help="A finished run's directory.", metavar="RUN")],
    question: Annotated[str, typer.Argument(help="The question; - or nothing: standard input.")] = "-",
    n: Annotated[int, typer.Option("-n", "--n", min=1, help="How many members answer.")] = 3,
    select: Annotated[
        str,
        typer.Option(
            "--select",
            help="A way to choose (`acdc plugins selectors`); monarch, tournament and score ask a judge.",
        ),
    ] = "majority",
    reward_model: Annotated[
        Path | None, typer.Option(help="With --select reward_model: its checkpoint.", metavar="DIR")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of ties, orders and missing verdicts.")] = 0,
    params: Params = PARAMS,
    overrides: Overrides = [],  # noqa: B006
    as_json: Json = False,
) -> None:
    """Ask."""
    from evals.ask import require_selector
    from evals.best_of_n.settings import settings_of

    config = settings(params, overrides)
    chosen = settings_of(config)
    endpoint = chosen.judge or config.judges.answers
    rewards = reward_model or chosen.reward_model
    require_selector(select, judge=endpoint is not None, rewards=rewards is not None)
    if rewards is not None and not rewards.is_dir():
        raise InputError(f"--reward-model {rewards}: no such directory")
    text = (sys.stdin.read() if question == "-" else question).strip()
    if not text:
        raise InputError("the question is empty: give it as an argument or on standard input")
    with ExitStack() as stack:
        asked = _team(config, run, n, stack)
        found = asked(
            text, _chooser(select, text, seed, endpoint, rewards, chosen.options.get(select), stack)
        )
    typer.echo(_json(found) if as_json else _text(found))


def _team(config: "Config", run: Path, n: int, stack: ExitStack) -> "Callable[[str, Chooser], Answered]":
    """Asks the first n of a run's task force, as they were asked in the run."""
    from acdc.runs.assembly import engine_of
    from evals.ask import ask as asked

    family, members, made = _members(config, run, n)

    def answered(question: str, chooser: "Chooser") -> "Answered":
        engine = engine_of(config, family)
        stack.callback(engine.close)
        return asked(
            engine, members, question, chooser, system=made.system, max_new_tokens=made.max_new_tokens
        )

    return answered


def _chooser(
    select: str,
    question: str,
    seed: int,
    endpoint: "JudgeSettings | None",
    rewards: Path | None,
    options: Mapping[str, object] | None,
    stack: ExitStack,
) -> "Chooser":
    """The way to choose, with the judge or the reward model that it needs."""
    from acdc.streams import stream
    from evals.ask import Chooser
    from evals.best_of_n.registry import JUDGE, REWARDS, needs
    from evals.best_of_n.reward_model import RewardModel

    needed = needs(select)
    return Chooser(
        select,
        stream(seed, "ask", question),
        _judge(endpoint, stack) if endpoint is not None and JUDGE in needed else None,
        RewardModel(rewards) if rewards is not None and REWARDS in needed else None,
        options,
    )


def _members(config: "Config", run: Path, n: int) -> "tuple[Family, list[Member], _Asked]":
    """The family, the first n of the task force by coverage, and how the run asked."""
    from acdc.runs.assembly import engine_of
    from acdc.storage.layout import Layout
    from acdc.storage.store import RunStore
    from evals.answering.evaluate_taskforce import read_run
    from evals.answering.evaluation_workers import RunWeights, prepared_family
    from evals.ask import Member

    with RunStore.read(run) as store:
        about, made = (json.loads(store.meta(key) or "{}") for key in ("run", "settings"))
    if not about or not made:
        raise InputError(f"{run}: this is not a run of this project (its description is missing)")
    layout = Layout(run.resolve().parents[3])
    family = prepared_family(config, layout, about["family"])
    weights = RunWeights(family, run, functools.partial(engine_of, config, family))
    chosen = read_run(layout.taskforce(about["family"], about["variant"], about["seed"]), weights.hashes())
    force = chosen.forces["coverage"]
    asked = _Asked(str(made.get("system", "")), int(made["max_new_tokens"]))
    if n > len(force):
        raise InputError(f"-n {n}: the task force of {run} has {len(force)} members (taskforce.sizes)")
    return family, [Member(id, chosen.hashes[id], weights.loader(id)) for id in force[:n]], asked


def _judge(endpoint: "JudgeSettings", stack: ExitStack) -> "Judge":
    """A judge behind an endpoint that was checked to be there."""
    from acdc.chat.call import Call
    from acdc.chat.client import Chat
    from acdc.chat.preflight import require_served
    from acdc.chat.prompt_files import sendable
    from evals.best_of_n.selector import Judge

    require_served(endpoint)
    chat = stack.enter_context(Chat("judge", endpoint))

    def reply(prompt: str) -> str:
        call = Call(
            "judge",
            "best of N",
            "best_of_n",
            endpoint.model,
            "",
            sendable(prompt),
            max_tokens=endpoint.max_tokens,
        )
        return chat.ask([call])[0].text

    return Judge(reply)


def _json(found: "Answered") -> str:
    final = {"model": found.final.model, "answer": found.final.answer, "reply": found.final.reply}
    return json.dumps({**asdict(found), "final": final}, indent=2, ensure_ascii=False)


def _text(found: "Answered") -> str:
    lines = []
    for place, said in enumerate(found.answers):
        mark = "*" if place == found.chosen else " "
        cut = " (cut off by the token budget)" if said.cut_off else ""
        lines.append(f"{mark} {place + 1}. {said.model}: {said.reply.strip() or '(nothing)'}{cut}")
    how = f"{found.selector}, {found.calls} calls" if found.calls else found.selector
    if found.unparsable:
        how += f", {found.unparsable} without a verdict"
    if found.drawn:
        how += ", drawn by chance"
    return "\n".join([*lines, f"final ({how}): {found.final.answer or '(nothing)'}"])
