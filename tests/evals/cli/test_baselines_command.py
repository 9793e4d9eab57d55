"""The whole `acdc baselines` command with a model behind an endpoint: killed in the middle, resumed, compared, without a key."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from acdc.cli.app import run
from acdc.parsing.yaml import read_yaml, write_yaml
from tests import small_project
from tests.acdc.chat.chat_server import KEY, MODEL, Answer, ChatServer, serving

QUESTIONS, DRAWS = 4, 2
ANSWERS = QUESTIONS * (1 + DRAWS)
ROWS = ["Asked, once, greedy", "Asked × N, T = 0.7"]


class Endpoint:
    """Answers with the question's last word backwards; kills a process before one of its answers."""

    def __init__(self) -> None:
        self.victim: subprocess.Popen[bytes] | None = None
        self.kill_at = -1

    def __call__(self, body: dict[str, Any], number: int) -> Answer:
        if self.victim is not None and number == self.kill_at:
            os.kill(self.victim.pid, signal.SIGKILL)
        word = body["messages"][-1]["content"].split()[-1]
        return Answer(text=word[::-1] if body["seed"] % 2 == 0 else word)


@pytest.fixture(scope="module")
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture(scope="module")
def server(endpoint: Endpoint) -> Iterator[ChatServer]:
    with serving(endpoint) as made:
        yield made


@pytest.fixture(scope="module")
def project(
    tmp_path_factory: pytest.TempPathFactory, save_tiny_model: Callable[..., Path], server: ChatServer
) -> Path:
    """A finished run of random models, and settings that ask little."""
    root = tmp_path_factory.mktemp("baselines")
    small_project.make(root, save_tiny_model)
    data = read_yaml((root / "params.yaml").read_text())
    data["evaluation"] |= {"questions": QUESTIONS, "benchmarks": ["tiny_colon"], "max_n": DRAWS, "batch": 2}
    asked = {
        "base_url": server.url,
        "model": MODEL,
        "key_env": "ACDC_TEST_KEY",
        "draws": DRAWS,
        "concurrency": 1,
    }
    data["baselines"] = {
        "expert_draws": DRAWS,
        "control": {"temperatures": [0.7], "draws": DRAWS},
        "noise": {"copies": 0},
        "api": {"Asked": {**asked, "price_in": 2.5, "price_out": 10.0, "retries": 0}},
    }
    data["comparison"]["claim_sizes"] = [DRAWS]
    data["executor"] = {"kind": "local", "workers": 1}
    (root / "params.yaml").write_text(write_yaml(data))
    return root


@pytest.fixture
def inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(project)
    monkeypatch.setenv("ACDC_TEST_KEY", KEY)
    return project


def samples(root: Path) -> list[dict[str, Any]]:
    path = root / "results/mine/baselines/tiny_colon/samples.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def rows(root: Path) -> dict[str, dict[str, Any]]:
    document = json.loads((root / "results/mine/baselines/baselines.json").read_text())
    return {row["name"]: row for row in document["methods"] if row["group"] == "api"}


def test_without_its_key_the_rows_say_not_run_and_no_model_is_asked(
    inside: Path, server: ChatServer, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ACDC_TEST_KEY")
    assert run(["baselines", "mine"]) == 0
    assert (
        capfd.readouterr().out.count("not run, no key: the environment variable ACDC_TEST_KEY is not set")
        == 2
    )
    assert [(row["name"], row["picks"]) for row in rows(inside).values()] == [(name, {}) for name in ROWS]
    assert "Asked" not in {sample["model"] for sample in samples(inside)}
    assert server.asked == []


def test_killed_in_the_middle_it_goes_on_and_pays_for_nothing_twice(
    inside: Path, server: ChatServer, endpoint: Endpoint
) -> None:
    endpoint.kill_at = 5
    script = "import sys; from acdc.cli import run; sys.exit(run(['baselines', 'mine']))"
    with subprocess.Popen([sys.executable, "-c", script]) as endpoint.victim:
        assert endpoint.victim.wait(120) == -signal.SIGKILL
    endpoint.victim = None
    assert len(server.asked) == 6
    assert "Asked" not in {sample["model"] for sample in samples(inside)}
    assert run(["baselines", "mine"]) == 0
    assert len(server.asked) == ANSWERS + 1  # the one under way is asked again
    resumed = samples(inside)
    assert sum(sample["model"] == "Asked" for sample in resumed) == ANSWERS
    assert run(["baselines", "mine"]) == 0
    assert len(server.asked) == ANSWERS + 1
    assert samples(inside) == resumed
    for file in (inside / "cache").iterdir():  # and afresh the samples are the same
        file.unlink()
    assert run(["baselines", "mine"]) == 0
    assert len(server.asked) == 2 * ANSWERS + 1
    assert samples(inside) == resumed
    kept = json.loads((inside / "results/mine/baselines/baselines.json").read_text())["api"]["Asked"]
    assert kept["answers"] == ANSWERS
    assert kept["money"] == pytest.approx(ANSWERS * (10 * 2.5 + 5 * 10.0) / 1e6)


def test_the_row_is_in_the_comparison_and_its_tables(inside: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for words in (["evaluate", "mine", "acdc"], ["baselines", "mine"], ["compare"]):
        assert run(words) == 0
    made = json.loads((inside / "comparison/mine.json").read_text())
    found = {method["name"]: method for method in made["methods"] if method["group"] == "api"}
    assert list(found) == ROWS
    assert [point["n"] for point in found[ROWS[1]]["coverage"]] == [1, 2]
    assert made["best_of_n"]["without"] == {
        "logprob": [found[ROWS[1]]["id"]],
        "self_certainty": [found[ROWS[1]]["id"]],
    }
    assert {row["selector"] for row in made["best_of_n"]["rows"]} == {"majority", "logprob", "self_certainty"}
    for table in ("verdicts", "best_of_n"):
        capfd.readouterr()
        assert run(["table", table]) == 0
        said = capfd.readouterr().out
        assert all(name in said for name in ROWS)
    assert "No row by logprob, since answers of theirs come without such numbers: Asked × N, T = 0.7." in said
