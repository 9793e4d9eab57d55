"""An endpoint in the place of an engine, against a real server: turns as they are, paid once, honest about what it lacks."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acdc.chat.outages import BudgetSpent, Outage
from acdc.chat.settings import EndpointSettings
from acdc.engines.engine import Request, Sampling
from acdc.errors import InfrastructureError, InputError
from evals.answering.api_ledger import ApiLedger
from evals.answering.api_model import ApiModel, not_run
from evals.answering.harness import Job, Model
from tests.acdc.chat.chat_server import KEY, MODEL, Answer, serving
from tests.evals.conftest import benchmark, rows

GREEDY = Sampling(max_new_tokens=20, stop=("STOP", "\n\n"))


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACDC_TEST_KEY", KEY)


@pytest.fixture
def api(tmp_path: Path) -> Any:
    made: list[ApiModel] = []

    def make(url: str, **changes: Any) -> ApiModel:
        given = {"model": MODEL, "key_env": "ACDC_TEST_KEY", "timeout": 5.0, "retries": 0, "base_url": url}
        settings = EndpointSettings.model_validate({**given, **changes})
        made.append(ApiModel("tester", settings, tmp_path / "cache" / "api.sqlite"))
        return made[-1]

    yield make
    for one in made:
        one.close()


def echo(body: dict[str, Any], number: int) -> Answer:
    return Answer(text=f"to {body['messages'][-1]['content']}")


def asked(api: ApiModel, *questions: str, sampling: Sampling = GREEDY) -> list[str]:
    prompts = [Request(api.chat(question), number) for number, question in enumerate(questions)]
    return [answer.text for answer in api.generate(prompts, sampling)]


def test_answers_come_in_the_order_of_requests_with_the_tokens_that_were_counted(api: Any) -> None:
    with serving(echo) as server:
        model = api(server.url)
        answers = model.generate([Request(model.chat(f"q{i}")) for i in range(5)], GREEDY)
        model.close()
    assert [answer.text for answer in answers] == [f"to q{i}" for i in range(5)]
    assert {(len(answer.tokens), answer.prompt_tokens, answer.finish) for answer in answers} == {
        (5, 10, "stop")
    }


def test_the_endpoint_gets_the_turns_and_the_benchmarks_budget(api: Any) -> None:
    with serving(echo) as server:
        model = api(server.url)
        prompt = model.chat("ask {this}", "be brief") + "Here it is: "
        model.generate([Request(prompt, (1 << 63) + 5)], Sampling(0.7, 0.9, 33))
        model.close()
    body = server.asked[0]
    assert body["messages"] == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "ask {this}"},
        {"role": "assistant", "content": "Here it is: "},
    ]
    assert (body["temperature"], body["top_p"], body["max_tokens"], body["seed"]) == (0.7, 0.9, 33, 5)


def test_without_a_system_text_there_is_no_system_turn(api: Any) -> None:
    with serving(echo) as server:
        model = api(server.url)
        asked(model, "hello")
        model.close()
    assert server.asked[0]["messages"] == [{"role": "user", "content": "hello"}]


def test_a_stop_text_ends_an_answer_that_the_endpoint_went_on_with(api: Any) -> None:
    texts = ["four STOP and more", "five\n\nQ:", "six, still wri"]
    with serving(lambda body, number: Answer(texts[number], finish="length")) as server:
        model = api(server.url, concurrency=1)
        answers = model.generate([Request(model.chat(f"q{i}")) for i in range(3)], GREEDY)
        model.close()
    assert [(answer.text, answer.finish) for answer in answers] == [
        ("four ", "stop"),
        ("five", "stop"),
        ("six, still wri", "length"),
    ]


def test_what_was_paid_for_is_never_asked_again_and_its_day_and_tokens_are_known(
    api: Any, tmp_path: Path
) -> None:
    with serving(echo) as server:
        first = api(server.url)
        asked(first, "a", "b")
        first.close()
        second = api(server.url)
        assert asked(second, "a", "b", "c") == ["to a", "to b", "to c"]
        second.close()
    assert len(server.asked) == 3
    ledger = ApiLedger(tmp_path / "cache" / "api.sqlite")
    total = ledger.total("api:tester")
    nothing = ledger.total("api:other")
    ledger.close()
    assert (total.calls, total.prompt_tokens, total.tokens, total.models) == (3, 30, 15, (f"{MODEL}-2026",))
    assert total.first == total.last
    assert len(total.first.split("-")) == 3
    assert (nothing.calls, nothing.first) == (0, "")
    assert b"to a" in (tmp_path / "cache" / "api.sqlite").read_bytes()


def test_no_request_is_kept_in_words(api: Any, tmp_path: Path) -> None:
    with serving(lambda body, number: Answer("yes")) as server:
        model = api(server.url)
        asked(model, "a question that must not be published")
        model.close()
    assert b"must not be published" not in (tmp_path / "cache" / "api.sqlite").read_bytes()


def test_without_a_key_nothing_is_asked(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACDC_TEST_KEY")
    with serving(echo) as server:
        model = api(server.url)
        with pytest.raises(InfrastructureError, match="ACDC_TEST_KEY is not set"):
            asked(model, "a")
    assert server.asked == []
    settings = EndpointSettings(base_url="http://x", model="m", key_env="ACDC_TEST_KEY")
    assert "ACDC_TEST_KEY" in not_run(settings)
    assert not_run(settings.model_copy(update={"key_env": ""})) == ""


def test_a_wrong_key_says_so_before_any_question(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACDC_TEST_KEY", "wrong")
    with serving(echo) as server, pytest.raises(InfrastructureError, match="refuses the key"):
        asked(api(server.url), "a")
    assert server.asked == []


def test_a_spent_budget_is_remembered_and_an_outage_is_not(api: Any) -> None:
    down = Answer(status=503, error={"message": "busy"})
    with serving(lambda body, number: down if number == 0 else echo(body, number)) as server:
        model = api(server.url)
        with pytest.raises(Outage):
            asked(model, "a")
        assert isinstance(model.failure, Outage)
        assert asked(model, "a") == ["to a"]
        assert model.failure is None
        model.close()
        poor = api(server.url, budget_tokens=30)
        for _ in range(2):
            with pytest.raises(BudgetSpent, match="raise budget_tokens"):
                asked(poor, "b", "c")
        poor.close()


def test_a_budget_holds_across_resumptions_with_an_endpoint_that_counts_no_tokens(
    api: Any, tmp_path: Path
) -> None:
    with serving(lambda body, number: Answer("y" * 40, counts=False)) as server:
        asked_for, most = [f"{'q' * 40} {number}" for number in range(20)], 200
        for _ in range(3):
            poor = api(server.url, budget_tokens=most, concurrency=1)
            with pytest.raises(BudgetSpent, match="raise budget_tokens"):
                asked(poor, *asked_for)
            poor.close()
    ledger = ApiLedger(tmp_path / "cache" / "api.sqlite")
    spent, total = ledger.spent("api:tester"), ledger.total("api:tester")
    ledger.close()
    assert 0 < sum(spent) <= most
    assert total.calls == len(server.asked) > 1
    assert (total.prompt_tokens, total.tokens) == (0, 0)  # what the endpoint said


def test_a_prompt_that_another_model_made_is_refused(api: Any) -> None:
    with serving(echo) as server:
        model = api(server.url)
        with pytest.raises(InputError, match="takes turns"):
            model.generate([Request("<usr>hello<ast>")], GREEDY)
        model.close()


def test_a_prompt_longer_than_the_context_is_an_error_with_a_way_out(api: Any) -> None:
    refused = Answer(status=400, error={"message": "context_length_exceeded"})
    with serving(lambda body, number: refused) as server:
        model = api(server.url)
        with pytest.raises(InputError, match="remove this endpoint"):
            asked(model, "long")
        model.close()


def test_the_harness_asks_an_endpoint_as_it_asks_an_engine(api: Any, harness: Callable[..., Any]) -> None:
    from evals.answering.benchmark_run import BenchmarkRun

    def right_for_even(body: dict[str, Any], number: int) -> Answer:
        place = int(body["messages"][-1]["content"].split()[-1].rstrip("?"))
        return Answer(text=str(place + 1) if place % 2 == 0 else "no idea")

    with serving(right_for_even) as server:
        model = api(server.url)
        benchmark_run = BenchmarkRun(benchmark("probe_exact", rows(6)), model.chat, model.version)
        job = Job(Model("tester", functools.partial(dict), model.weights_hash))
        made = harness(engine=model, benchmark_runs=[benchmark_run])
        samples = made.run(job)["probe_exact"]
        again = made.run(job)["probe_exact"]
        model.close()
    assert [sample["correct"] for sample in samples] == [True, False, True, False, True, False]
    assert [sample["tokens"] for sample in samples] == [5] * 6
    assert again == samples
    assert len(server.asked) == 6
