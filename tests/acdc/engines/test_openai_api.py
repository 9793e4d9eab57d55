"""The endpoint engine where it differs from the others; what it shares with them is in the conformance tests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from acdc.engines import APISettings, open_engine
from acdc.engines.engine import UNKNOWN, Request, Sampling
from acdc.errors import InfrastructureError, InputError
from tests.acdc.chat.chat_server import KEY, MODEL, Answer, ChatServer, serving


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    monkeypatch.setenv("ACDC_TEST_KEY", KEY)
    with serving(lambda body, number: Answer(f"heard {body['messages'][-1]['content']}.")) as one:
        yield one


@pytest.fixture
def engine(server: ChatServer) -> Iterator[Callable[..., Any]]:
    with ExitStack() as stack:

        def make(**changes: Any) -> Any:
            asked = {
                "base_url": server.url,
                "model": MODEL,
                "key_env": "ACDC_TEST_KEY",
                "retries": 0,
                **changes,
            }
            made = open_engine(APISettings.model_validate(asked), Path())
            stack.callback(made.close)
            return made

        yield make


def test_system_and_user_arrive_as_they_were(server: ChatServer, engine: Any) -> None:
    subject = engine()
    hard = "an <eos>\x03 in\x1eside"
    answers = subject.generate([Request(subject.chat(hard, "be brief")), Request("bare")], Sampling())
    assert [answer.text for answer in answers] == [f"heard {hard}.", "heard bare."]
    sent = sorted([message["content"] for message in body["messages"]] for body in server.asked)
    assert sent == [["bare"], ["be brief", hard]]  # an empty system text is no turn


def test_sampling_arrives_and_every_stream_has_a_seed_of_its_own(server: ChatServer, engine: Any) -> None:
    subject = engine()
    drawn = Sampling(temperature=0.7, top_p=0.9, max_new_tokens=33)
    subject.generate([Request("a", 2**63 + 5), Request("a", 6)], drawn)
    assert sorted(body["seed"] for body in server.asked) == [5, 6]
    assert all((b["temperature"], b["top_p"], b["max_tokens"]) == (0.7, 0.9, 33) for b in server.asked)


def test_equal_requests_are_paid_for_once(server: ChatServer, engine: Any) -> None:
    subject = engine()
    answers = subject.generate([Request("same"), Request("same"), Request("other")], Sampling())
    assert answers[0] == answers[1] != answers[2]
    assert len(server.asked) == 2
    assert answers[0].tokens == (UNKNOWN,) * 5


def test_what_was_answered_before_an_outage_is_not_asked_again(server: ChatServer, engine: Any) -> None:
    server.answer = lambda body, number: (
        Answer("yes") if number < 3 else Answer(status=503, error={"message": "down"})
    )
    subject = engine(concurrency=1)
    requests = [Request(f"prompt {index}") for index in range(6)]
    with pytest.raises(InfrastructureError, match="did not answer 1 of 4"):
        subject.generate(requests, Sampling())
    server.answer = lambda body, number: Answer("yes")
    before = len(server.asked)
    assert len(subject.generate(requests, Sampling())) == 6
    assert len(server.asked) - before == 3


def test_the_begin_of_a_reply_is_refused(server: ChatServer, engine: Any) -> None:
    subject = engine()
    with pytest.raises(InputError, match="contains the beginning of the reply"):
        subject.generate([Request(subject.chat("question") + "The answer is")], Sampling())


def test_a_budget_that_is_spent_ends_the_call(server: ChatServer, engine: Any) -> None:
    with pytest.raises(InfrastructureError, match="budget"):
        engine(budget_tokens=100).generate([Request("long " * 200)], Sampling())


def test_the_hash_of_a_run_holds_the_model_and_not_the_address(server: ChatServer, engine: Any) -> None:
    here, there = (APISettings(base_url=f"http://{host}/v1", model="m") for host in ("here", "there"))
    assert here.identity() == there.identity() == {"kind": "api", "model": "m"}
    assert engine().version == f"api {MODEL}"
