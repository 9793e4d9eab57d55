"""Asking a task force: real models, a real judge on loopback, and the ways in which it cannot be done."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from acdc.engines.engine import Answer, Capabilities, Request, Sampling
from acdc.engines.openai_api import APIEngine
from acdc.errors import InfrastructureError, InputError
from evals.ask import Chooser, Member, ask, require_selector
from evals.best_of_n.registry import SELECTORS
from evals.best_of_n.selector import Judge
from evals.cli.ask import register
from tests import small_project
from tests.acdc.chat.chat_server import MODEL, serving
from tests.acdc.chat.chat_server import Answer as Served

PROMISED = Capabilities(same_bits_in_any_company=True)
REPLIES = {"a": "Answer: 4", "b": "I say 5.\nAnswer: 5", "c": "4"}


class Scripted:
    """An engine whose answers depend on the weights alone."""

    version = "scripted"

    def __init__(self, capabilities: Capabilities = PROMISED) -> None:
        self.capabilities, self.asked = capabilities, 0
        self.weights_hash: str | None = None

    def load(self, weights: Any, weights_hash: str) -> None:
        self.weights_hash = weights_hash

    def chat(self, user: str, system: str = "") -> str:
        return f"{system}|{user}"

    def generate(self, requests: list[Request], sampling: Sampling, progress: Any = None) -> list[Answer]:
        assert requests[0].prompt == "be brief|2 + 2?"
        self.asked += 1
        text = REPLIES[str(self.weights_hash)]
        return [Answer(text, (1, 2), "stop", 3, (-0.1 * len(text), -1.0))]

    def close(self) -> None:
        pass


def answered(selector: str, judge: Judge | None = None) -> Any:
    members = [Member(id, id, dict) for id in REPLIES]
    chooser = Chooser(
        selector,
        np.random.default_rng(0),
        judge,
        lambda question, replies: [float(len(reply)) for reply in replies],
    )
    return ask(Scripted(), members, "2 + 2?", chooser, system="be brief", max_new_tokens=9)


@pytest.mark.parametrize("selector", ["logprob", "self_certainty"])
def test_numbers_that_an_engine_does_not_give_are_missed_before_a_model_is_asked(selector: str) -> None:
    engine = Scripted(APIEngine.capabilities)
    with pytest.raises(InputError, match=f"--select {selector}: this engine does not give"):
        ask(engine, [Member("a", "a", dict)], "2 + 2?", Chooser(selector, np.random.default_rng(0)))
    assert engine.asked == 0


def test_the_majority_of_extracted_answers_is_final() -> None:
    found = answered("majority")
    assert [said.answer for said in found.answers] == ["4", "5", "4"]
    assert (found.final.model, found.final.answer, found.drawn) == ("a", "4", False)


def test_other_ways_to_choose_are_reached() -> None:
    assert answered("logprob").final.model == "c"  # the shortest reply has the highest mean here
    assert answered("reward_model").final.model == "b"  # the longest
    judged = answered("monarch", Judge(lambda prompt: _best(prompt, "I say 5.")))
    assert (judged.final.model, judged.calls, judged.unparsable) == ("b", 1, 0)
    silent = answered("monarch", Judge(lambda prompt: "who knows"))
    assert (silent.unparsable, silent.drawn) == (1, True)


def _best(prompt: str, text: str) -> str:
    """The verdict of a judge that likes the answer with this text."""
    parts = re.split(r"--- Answer (\d+) ---", prompt)
    place = next(number for number, body in zip(parts[1::2], parts[2::2], strict=True) if text in body)
    return f"Best: {place}"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("majorty", "did you mean 'majority'"),
        (
            "monarch",
            r"best_of_n\.judge \(or judges\.answers\) of params\.yaml.*without a judge: logprob, majority, random, self_certainty",
        ),
        ("reward_model", "--reward-model DIR"),
    ],
)
def test_what_a_way_to_choose_lacks_is_said(name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        require_selector(name, judge=False, rewards=False)


def test_every_listed_way_to_choose_needs_no_more_than_judge_and_rewards() -> None:
    for name in SELECTORS.names():
        require_selector(name, judge=True, rewards=True)
    assert "oracle" not in SELECTORS.names()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, save_tiny_model: Callable[..., Path]) -> Path:
    root = tmp_path_factory.mktemp("ask")
    small_project.make(root, save_tiny_model)
    return root


def invoke(root: Path, *words: str, stdin: str = "") -> Any:
    app = typer.Typer()
    register(app)
    app.callback()(lambda: None)
    run = str(root / small_project.RUN)
    return CliRunner().invoke(app, ["ask", run, *words, "--params", str(root / "params.yaml")], input=stdin)


def test_the_command_answers_from_an_argument_and_from_standard_input(project: Path) -> None:
    result = invoke(project, "Reverse cat.", "-n", "2", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert [said["model"] for said in document["answers"]] == [small_project.GRANDCHILD, "general"]
    assert document["final"]["model"] == document["answers"][document["chosen"]]["model"]
    piped = invoke(project, "-n", "2", "--json", stdin="Reverse cat.\n")
    assert json.loads(piped.stdout) == document
    shown = invoke(project, "Reverse cat.")
    assert shown.stdout.count("\n") >= 4
    assert "final (majority" in shown.stdout


def test_members_answer_as_they_do_in_the_engine(project: Path) -> None:
    from acdc.config.config import load
    from acdc.runs.assembly import engine_of
    from acdc.storage.layout import Layout
    from evals.answering.evaluation_workers import RunWeights, prepared_family

    config = load(project / "params.yaml")
    family = prepared_family(config, Layout(project), "mine")
    engine = engine_of(config, family)
    engine.load(RunWeights(family, project / small_project.RUN).weights(small_project.GRANDCHILD), "x")
    prompt = engine.chat("Reverse cat.", "Be brief.")
    [expected] = engine.generate([Request(prompt)], Sampling(max_new_tokens=12))
    document = json.loads(invoke(project, "Reverse cat.", "-n", "1", "--json").stdout)
    assert document["answers"][0]["reply"] == expected.text


def test_a_judge_behind_an_endpoint_has_the_last_word(project: Path) -> None:
    with serving(lambda body, number: Served("Best: 2"), key=None) as server:
        judge = f"judges.answers={{base_url: '{server.url}', model: {MODEL}, retries: 0}}"
        result = invoke(project, "Reverse cat.", "--select", "monarch", "--json", "-S", judge)
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["calls"] == 1
        assert "Reverse cat." in server.asked[-1]["messages"][-1]["content"]
    gone = invoke(project, "Reverse cat.", "--select", "monarch", "-S", judge)
    assert isinstance(gone.exception, InfrastructureError)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["q", "-n", "4"], "has 3 members"),
        (["   "], "empty"),
        (["-"], "empty"),
        (["q", "--select", "tournament"], "judges.answers"),
        (["q", "--select", "reward_model", "--reward-model", "nowhere"], "no such directory"),
    ],
)
def test_what_cannot_be_asked_is_said(project: Path, words: list[str], said: str) -> None:
    result = invoke(project, *words)
    assert isinstance(result.exception, InputError)
    assert said in str(result.exception)


def test_a_run_that_is_not_there_is_said(tmp_path: Path) -> None:
    app = typer.Typer()
    register(app)
    app.callback()(lambda: None)
    params = str(small_project.PARAMS)
    result = CliRunner().invoke(app, ["ask", str(tmp_path / "runs/a/b/seed-0"), "q", "--params", params])
    assert isinstance(result.exception, InputError)
    assert "acdc evolve" in str(result.exception)
