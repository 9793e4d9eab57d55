"""The client against a real server that behaves in every way that servers do."""

import gzip
import signal
import subprocess
import sys
import time
import tracemalloc
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from acdc.chat.call import Call
from acdc.chat.client import Chat
from acdc.chat.outages import BudgetSpent, Outage
from acdc.chat.settings import EndpointSettings
from acdc.chat.transcript import Transcript, lines
from acdc.errors import InfrastructureError
from tests.acdc.chat.chat_server import MODEL, Answer, serving

ROOT = Path(__file__).parents[3]
ENDPOINT = {
    "model": MODEL,
    "key_env": "ACDC_TEST_KEY",
    "timeout": 5.0,
    "retries": 3,
    "backoff": 0.01,
    "max_wait": 1.0,
}


def settings(url: str, **changes: Any) -> EndpointSettings:
    return EndpointSettings.model_validate({**ENDPOINT, "base_url": url, **changes})


def calls(count: int, **changes: Any) -> list[Call]:
    return [
        Call("scientist", f"t{i:04d}", "p", changes.get("model", MODEL), "be brief", f"question {i}", seed=i)
        for i in range(count)
    ]


def echo(body: dict[str, Any], number: int) -> Answer:
    return Answer(text=f"to {body['messages'][1]['content']}")


def first_then_echo(*first: Answer) -> Any:
    return lambda body, number: first[number] if number < len(first) else echo(body, number)


def test_replies_come_in_the_order_of_calls_whatever_ends_first() -> None:
    def later_is_quicker(body: dict[str, Any], number: int) -> Answer:
        question = int(body["messages"][1]["content"].split()[1])
        return Answer(text=str(question), delay=0.05 * (5 - question))

    with serving(later_is_quicker) as server, Chat("scientist", settings(server.url)) as chat:
        assert [reply.text for reply in chat.ask(calls(6))] == list("012345")


def test_the_model_is_kept_as_the_endpoint_reports_it() -> None:
    with serving(echo) as server, Chat("scientist", settings(server.url)) as chat:
        [reply] = chat.ask(calls(1))
    assert (reply.model, reply.prompt_tokens, reply.tokens, reply.finish) == (f"{MODEL}-2026", 10, 5, "stop")


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(status=500, error={"message": "oh"}),
        Answer(status=503, raw=b"<html>busy</html>"),
        Answer(status=429, error={"message": "slow down"}),
        Answer(trouble="reset"),
        Answer(raw=b"<html>a proxy's page</html>"),
        Answer(raw=b'{"object": "chat.completion", "choices": []}'),
        Answer(raw=b"[]"),
    ],
)
def test_what_passes_by_itself_is_tried_again(trouble: Answer) -> None:
    with (
        serving(first_then_echo(trouble, trouble)) as server,
        Chat("scientist", settings(server.url)) as chat,
    ):
        assert chat.ask(calls(1))[0].text == "to question 0"
        assert len(server.asked) == 3


def test_an_outage_that_lasts_ends_with_exit_code_5() -> None:
    down = Answer(status=500, error={"message": "broken for good"})
    with serving(lambda body, number: down) as server, Chat("scientist", settings(server.url)) as chat:
        with pytest.raises(Outage, match="500 after 4 attempts: broken for good") as caught:
            chat.ask(calls(1))
        assert caught.value.exit_code == 5
        assert len(server.asked) == 4


@pytest.mark.parametrize("header", [{"Retry-After": "0.3"}, {"retry-after-ms": "300"}])
def test_retry_after_is_honoured(header: dict[str, str]) -> None:
    busy = Answer(status=429, error={"message": "slow down"}, headers=header)
    with serving(first_then_echo(busy)) as server, Chat("scientist", settings(server.url)) as chat:
        began = time.monotonic()
        chat.ask(calls(1))
        assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("wait", ["60", formatdate(time.time() + 3000, usegmt=True)], ids=["seconds", "date"])
def test_a_retry_after_beyond_the_limit_ends_the_run_to_be_taken_up_later(wait: str) -> None:
    busy = Answer(status=429, error={"message": "slow down"}, headers={"Retry-After": wait})
    with (
        serving(first_then_echo(busy)) as server,
        Chat("scientist", settings(server.url)) as chat,
        pytest.raises(Outage, match="asks to wait"),
    ):
        chat.ask(calls(1))


def test_a_reply_that_never_ends_is_left_after_the_timeout() -> None:
    with (
        serving(lambda body, number: Answer(trouble="endless")) as server,
        Chat("scientist", settings(server.url, timeout=0.2, retries=1)) as chat,
        pytest.raises(Outage, match="did not finish a reply"),
    ):
        chat.ask(calls(1))


@pytest.mark.parametrize("status", [200, 500])
def test_a_reply_of_any_size_costs_no_more_than_its_limit(status: int) -> None:
    large = Answer(trouble="flood", status=status)
    with (
        serving(lambda body, number: large) as server,
        Chat("scientist", settings(server.url, reply_mb=0.5, retries=1)) as chat,
    ):
        tracemalloc.start()
        with pytest.raises(Outage, match=r"more than reply_mb = 0\.5 MB"):
            chat.ask(calls(1))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(server.asked) == 2
    assert most < 20e6  # the server's own share of it included; it sends 200 MB


def test_a_compressed_reply_may_not_unfold_without_bounds() -> None:
    bomb = Answer(raw=gzip.compress(b" " * 50_000_000), headers={"Content-Encoding": "gzip"})
    with (
        serving(lambda body, number: bomb) as server,
        Chat("scientist", settings(server.url, reply_mb=0.5, retries=0)) as chat,
        pytest.raises(Outage, match="reply_mb"),
    ):
        chat.ask(calls(1))


def test_a_reply_that_was_cut_off_says_so() -> None:
    with (
        serving(lambda body, number: Answer(text="{", finish="length")) as server,
        Chat("scientist", settings(server.url)) as chat,
    ):
        assert chat.ask(calls(1))[0].finish == "length"


def test_a_prompt_that_the_model_cannot_take_is_a_reply_of_its_own() -> None:
    long = Answer(status=400, error={"message": "This model's maximum context length is 10 tokens"})
    with serving(first_then_echo(long)) as server, Chat("scientist", settings(server.url)) as chat:
        assert (chat.ask(calls(1))[0].text, chat.ask(calls(2))[1].text) == ("", "to question 1")


@pytest.mark.parametrize("name", ["response_format", "seed"])
def test_an_endpoint_that_refuses_an_option_is_asked_without(name: str) -> None:
    def picky(body: dict[str, Any], number: int) -> Answer:
        if name in body:
            return Answer(status=400, error={"message": f"Unknown parameter: {name}"})
        return echo(body, number)

    [call] = calls(1)
    structured = Call(**{**call.request, "label": "x", "structured": True})
    with serving(picky) as server, Chat("scientist", settings(server.url)) as chat:
        assert chat.ask([structured])[0].text == "to question 0"
        assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ("json_schema", "nothing to complain of"),
        ("json_object", "'response_format.type' must be 'text' or 'json_object'"),
        ("json_object", "This grammar is not supported"),
        ("none", "Unknown parameter: response_format"),
    ],
)
def test_a_reply_is_asked_for_by_its_schema_else_as_json_else_as_text(known: str, said: str) -> None:
    def picky(body: dict[str, Any], number: int) -> Answer:
        kind = body.get("response_format", {"type": "none"})["type"]
        return echo(body, number) if kind == known else Answer(status=400, error={"message": said})

    schema = '{"type": "object", "properties": {"done": {"type": "boolean"}}}'
    wanted = [replace(call, structured=True, schema=schema) for call in calls(2)]
    assert wanted[0].hash == replace(wanted[0], schema="").hash  # it belongs to the prompts
    with serving(picky) as server, Chat("scientist", settings(server.url, concurrency=1)) as chat:
        assert [reply.text for reply in chat.ask(wanted)] == ["to question 0", "to question 1"]
        kinds = [body.get("response_format", {"type": "none"})["type"] for body in server.asked]
        tried = ["json_schema", "json_object", "none"]
        assert kinds == [*tried[: tried.index(known) + 1], known]  # the second call knows


def test_a_redirect_is_not_followed_with_the_key() -> None:
    away = Answer(status=307, raw=b"", headers={"Location": "http://127.0.0.1:9/v1"})
    with (
        serving(lambda body, number: away) as server,
        Chat("scientist", settings(server.url)) as chat,
        pytest.raises(InfrastructureError, match="redirects to http://127"),
    ):
        chat.ask(calls(1))


def test_no_credit_is_no_outage() -> None:
    broke = Answer(status=429, error={"message": "You exceeded your quota", "code": "insufficient_quota"})
    with serving(lambda body, number: broke) as server, Chat("scientist", settings(server.url)) as chat:
        with pytest.raises(InfrastructureError, match="no credit left"):
            chat.ask(calls(1))
        assert len(server.asked) == 1


def test_no_more_sockets_than_calls_at_a_time() -> None:
    def slow(body: dict[str, Any], number: int) -> Answer:
        return Answer(delay=0.02)

    with serving(slow) as server, Chat("scientist", settings(server.url, concurrency=4)) as chat:
        assert len(chat.ask(calls(32))) == 32
        assert server.most_sockets <= 4


def test_128_calls_at_once_are_128_sockets_at_most() -> None:
    with (
        serving(lambda body, number: Answer(delay=0.2)) as server,
        Chat("scientist", settings(server.url, concurrency=128, timeout=60)) as chat,
    ):
        assert len(chat.ask(calls(200))) == 200
        assert server.most_sockets <= 128


MANY = """
import resource, sys
from acdc.chat.client import Chat
from tests.acdc.chat.test_client import calls, settings

with Chat("scientist", settings(sys.argv[1], concurrency=128, timeout=60)) as chat:
    chat.ask(calls(1))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert len(chat.ask(calls(513)[1:])) == 512
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def test_128_calls_at_once_cost_little_memory() -> None:
    with serving(lambda body, number: Answer(text="x" * 10_000, delay=0.05)) as server:
        words = [sys.executable, "-c", MANY, server.url]
        found = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(found.stdout) < 64  # MiB more than one call costs


def test_a_model_that_is_served_no_more_ends_the_run_at_once() -> None:
    with serving(echo) as server, Chat("scientist", settings(server.url)) as chat:
        with pytest.raises(InfrastructureError, match="The model gone does not exist") as caught:
            chat.ask(calls(3, model="gone"))
        assert caught.value.exit_code == 5
        assert server.asked == []


def test_equal_calls_are_made_once(tmp_path: Path) -> None:
    transcript = Transcript(tmp_path, {})
    with serving(echo) as server:
        for _ in range(2):
            with Chat("scientist", settings(server.url), transcript) as chat:
                chat.ask([*calls(3), *calls(3)])
        assert len(server.asked) == 3
    transcript.close()


def test_what_came_before_an_outage_is_kept(tmp_path: Path) -> None:
    transcript = Transcript(tmp_path, {})

    def third_fails(body: dict[str, Any], number: int) -> Answer:
        fails = body["messages"][1]["content"] == "question 2"
        return Answer(status=500, error={"message": "oh"}) if fails else echo(body, number)

    with serving(third_fails) as server:
        endpoint = settings(server.url, concurrency=1, retries=0)
        with Chat("scientist", endpoint, transcript) as chat, pytest.raises(Outage):
            chat.ask(calls(6))
        assert [transcript.reply(call) is not None for call in calls(6)] == [True, True] + [False] * 4
        with Chat("judge", endpoint, transcript) as chat:
            assert [reply is None for reply in chat.ask_each(calls(6))] == [
                False,
                False,
                True,
                False,
                False,
                False,
            ]
    transcript.close()


@pytest.mark.parametrize(
    "budget",
    [{"budget_tokens": 1150}, {"budget_money": 0.00115, "price_in": 1.0, "price_out": 1.0}],
)
def test_a_budget_is_never_exceeded_and_more_of_it_goes_on(tmp_path: Path, budget: dict[str, Any]) -> None:
    transcript = Transcript(tmp_path, {})
    with serving(echo) as server:
        with Chat("scientist", settings(server.url, concurrency=1, **budget), transcript) as chat:
            with pytest.raises(BudgetSpent, match="run again to go on") as caught:
                chat.ask(calls(30))
            assert caught.value.exit_code == 5
        # A call may cost 1,000 tokens and some for its prompt, and costs 15.
        assert 5 <= len(server.asked) <= 10
        with (
            Chat("scientist", settings(server.url, **budget), transcript) as chat,
            pytest.raises(BudgetSpent),
        ):
            chat.ask(calls(30))
        with Chat("scientist", settings(server.url), transcript) as chat:
            assert len(chat.ask(calls(30))) == 30
        assert len(server.asked) == 30
    transcript.close()


def test_times_and_attempts_are_noted() -> None:
    noted: list[dict[str, Any]] = []
    oh = Answer(status=500, error={"message": "oh"})
    with serving(first_then_echo(oh)) as server:
        endpoint = settings(server.url, price_in=1.0, price_out=2.0)
        with Chat("scientist", endpoint, note=lambda kind, **detail: noted.append(detail)) as chat:
            chat.ask(calls(1))
    assert noted[0] | {"seconds": 0} == {
        "role": "scientist",
        "label": "t0000",
        "seconds": 0,
        "attempts": 2,
        "prompt_tokens": 10,
        "tokens": 5,
        "price": 2e-5,
    }


INTERRUPTED = """
import signal, sys
from pathlib import Path
from acdc.chat.client import Chat
from acdc.chat.transcript import Transcript, lines
from tests.acdc.chat.test_client import calls, settings

signal.signal(signal.SIGTERM, signal.default_int_handler)
transcript = Transcript(Path(sys.argv[2]), {})
try:
    with Chat("scientist", settings(sys.argv[1], timeout=60), transcript) as chat:
        chat.ask(calls(4))
except KeyboardInterrupt:
    transcript.close()
    sys.exit(130)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_at_once_and_what_came_is_kept(number: int, tmp_path: Path) -> None:
    def first_only(body: dict[str, Any], count: int) -> Answer:
        return echo(body, count) if body["seed"] == 0 else Answer(trouble="endless")

    with serving(first_only) as server:
        words = [sys.executable, "-c", INTERRUPTED, server.url, str(tmp_path)]
        process = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        while len(server.asked) < 4 and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)  # the first reply is on its way
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "")
    assert len(list(lines(tmp_path))) == 2
