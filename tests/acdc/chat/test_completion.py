"""What endpoints of many makes send with status 200: read, or said to be no reply, and never a crash."""

import json
from pathlib import Path
from typing import Any

import pytest

from acdc.chat.call import Call, Reply, spent_on
from acdc.chat.client import Chat
from acdc.chat.outages import BudgetSpent, Outage
from acdc.chat.preflight import require_served
from acdc.chat.settings import EndpointSettings
from acdc.chat.transcript import Transcript
from acdc.errors import InfrastructureError
from tests.acdc.chat.chat_server import MODEL, Answer, serving

CALL = Call("scientist", "t0001", "p", MODEL, "s", "u")
NESTED = b"[" * 100_000 + b"]" * 100_000


def completion(**parts: Any) -> bytes:
    message = {"role": "assistant", "content": "hi"}
    whole = {"model": "m", "choices": [{"message": message, "finish_reason": "stop"}]}
    return json.dumps({**whole, **parts}).encode()


def answered(raw: bytes) -> Reply:
    with serving(lambda body, number: Answer(raw=raw), key=None) as server:
        settings = EndpointSettings(base_url=server.url, model=MODEL, retries=0, timeout=10)
        with Chat("scientist", settings) as chat:
            return chat.ask([CALL])[0]


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"0": 1}, "without choices"),
        (3, "without choices"),
        ([{"message": "hello"}], "without choices"),
        ([{"message": ["hello"]}], "without choices"),
        ([{"text": "hello"}], "without choices"),
        (None, "without choices"),
    ],
)
def test_what_is_no_completion_is_an_outage(choices: Any, words: str) -> None:
    with pytest.raises(Outage, match=words):
        answered(completion(choices=choices))


def test_what_an_endpoint_complains_of_with_status_200_is_shown() -> None:
    with pytest.raises(Outage, match="it says: upstream is overloaded"):
        answered(b'{"error": {"message": "upstream is\\noverloaded", "code": 502}}')


def test_json_nested_without_end_is_an_outage_also_before_a_run() -> None:
    with pytest.raises(Outage, match="nested too deeply"):
        answered(NESTED)
    with serving(lambda body, number: Answer(raw=NESTED), key=None) as server:
        server.models = Answer(raw=NESTED)
        with pytest.raises(InfrastructureError, match="no reply of a model"):
            require_served(EndpointSettings(base_url=server.url, model="another"))


def test_a_text_in_parts_is_one_text() -> None:
    parts = [{"type": "text", "text": "one "}, {"type": "image_url"}, {"type": "text", "text": "two"}]
    assert answered(completion(choices=[{"message": {"content": parts}}])).text == "one two"


@pytest.mark.parametrize("count", [float("inf"), float("nan"), -5, [1], "12", 10**30, None])
def test_what_can_be_no_count_of_tokens_counts_as_none(count: Any) -> None:
    reply = answered(completion(usage={"prompt_tokens": count, "completion_tokens": 2}))
    assert (reply.prompt_tokens, reply.tokens) == (0, 2)


def test_an_endpoint_that_counts_no_tokens_cannot_exceed_a_budget(tmp_path: Path) -> None:
    silent = completion(choices=[{"message": {"content": "x" * 200}}])  # 100 tokens by two bytes each
    with serving(lambda body, number: Answer(raw=silent), key=None) as server:
        settings = EndpointSettings(base_url=server.url, model=MODEL, concurrency=1, budget_tokens=1500)
        transcript = Transcript(tmp_path, {})
        calls = [
            Call("scientist", f"t{i:04d}", "p", MODEL, "", f"{i:04d}", max_tokens=1000) for i in range(9)
        ]
        for _ in range(2):  # taken up again it knows what was spent
            with (
                Chat("scientist", settings, transcript) as chat,
                pytest.raises(BudgetSpent, match="510 tokens"),
            ):
                chat.ask(calls)
        assert len(server.asked) == 5
        transcript.close()


@pytest.mark.parametrize(
    ("prompt_tokens", "tokens", "text", "spent"),
    [
        (50, 7, "x" * 200, (50, 7)),
        (50, 0, "x" * 200, (50, 100)),  # counts prompts only
        (0, 7, "x" * 200, (2, 7)),  # counts replies only
        (0, 0, "x" * 5000, (2, 1000)),  # never more than was allowed
        (50, 0, "", (50, 0)),
        (0, 0, "\u6e05" * 100, (2, 150)),  # three bytes a character
        (0, 0, "\U0001f600" * 3, (2, 6)),  # four
        (0, 0, "\ud800", (2, 2)),
    ],
)
def test_each_side_that_an_endpoint_does_not_count_is_estimated_by_itself(
    prompt_tokens: int, tokens: int, text: str, spent: tuple[int, int]
) -> None:
    call = Call("scientist", "t0001", "p", MODEL, "s", "uv", max_tokens=1000)  # three bytes: two tokens
    assert spent_on(call, Reply(text, MODEL, prompt_tokens, tokens, "stop")) == spent


def test_a_prompt_that_the_model_could_not_take_costs_nothing() -> None:
    assert spent_on(CALL, Reply("", MODEL, 0, 0, "too-long")) == (0, 0)
