"""The plan of calls: bounds by hand (a run is held against them in test_llm_run.py), and what ``acdc evolve --dry-run`` prints of them."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from acdc.chat.settings import EmbeddingEndpointSettings, JudgeSettings, LLMScientistSettings
from acdc.cli.app import build
from acdc.config.evolution import EvolutionSettings
from acdc.preflight.calls import CallPlan, call_plans
from tests.acdc.small_runs import PARAMS

AT: dict[str, Any] = {"base_url": "http://127.0.0.1:9/v1", "model": "m"}


def of_the_paper(**changes: Any) -> CallPlan:
    return call_plans(EvolutionSettings(), {"scientist": LLMScientistSettings(**AT, **changes)})["scientist"]


def test_the_published_run_by_hand() -> None:
    asked = of_the_paper()
    # 300 to 900 requests for the first pool, ten evolutions of 150.
    assert asked.least == 2 * 300 + 1500
    assert asked.most == (900 + 1500) * (4 * 2 + 2)
    assert asked.reply_tokens == asked.most * 2000
    assert asked.money is None


def test_prompts_are_as_long_as_prompts_are() -> None:
    # One that writes holds the rules, the way to reply and a task: 5,000 to 10,000 characters; one that solves is short.
    assert 500 < of_the_paper().prompt_tokens / of_the_paper().most < 2500


def test_prices_and_budgets_are_estimated() -> None:
    dear = of_the_paper(price_in=1.0, price_out=10.0)
    assert dear.money == pytest.approx((dear.prompt_tokens + 10 * dear.reply_tokens) / 1e6)
    assert not dear.beyond_budget
    assert of_the_paper(budget_tokens=1000).beyond_budget
    assert of_the_paper(price_in=1.0, budget_money=0.5).beyond_budget
    assert "the budget may end the run before" in of_the_paper(budget_tokens=1000).text("scientist")


def test_judges_and_embedder_are_counted_by_what_they_see() -> None:
    endpoints = {
        "gibberish": JudgeSettings(**AT),
        "answers": JudgeSettings(**AT),
        "embedder": EmbeddingEndpointSettings(**AT),
    }
    found = call_plans(EvolutionSettings(), endpoints)
    assert found["gibberish"].most == 12 + 50 * 8  # everybody but the seeds
    # Answers, self-solutions with their repairs, references.
    assert found["answers"].most == 416 * 250 + 10 * 24 * 150 + 5 * 2400
    assert (found["embedder"].most, found["embedder"].reply_tokens) == (2400, 0)


def test_a_static_pool_asks_once_and_for_more() -> None:
    static = EvolutionSettings.model_validate({"tasks": {"static": True, "choice_tasks": 500}})
    asked = call_plans(static, {"scientist": LLMScientistSettings(**AT)})["scientist"]
    assert (asked.least, asked.most) == (2 * 600, 1800 * 10)


def test_a_dry_run_says_what_will_be_asked_and_asks_no_model() -> None:
    endpoint = f"scientist={{kind: llm, base_url: '{AT['base_url']}', model: m, price_in: 1, price_out: 2}}"
    words = ["evolve", "tiny", "acdc", "--dry-run", "--params", str(PARAMS)]
    said = CliRunner().invoke(build(), [*words, "-S", endpoint])
    assert said.exit_code == 0, said.output
    assert "scientist m: 256 to 3,360 calls" in said.stdout  # 80 to 240, and three evolutions of 32
    assert "by the prices given" in said.stdout
    content = json.loads(CliRunner().invoke(build(), [*words, "-S", endpoint, "--json"]).stdout)
    assert content["calls_per_run"]["scientist"]["least"] == 256
    assert "calls" not in CliRunner().invoke(build(), words).stdout
