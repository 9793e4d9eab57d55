"""What is wrong with an endpoint or its key is said before a run, and the key is shown nowhere."""

import pytest

from acdc.chat.client import Chat
from acdc.chat.preflight import require_served
from acdc.chat.settings import EmbeddingEndpointSettings
from acdc.errors import InfrastructureError
from tests.acdc.chat.chat_server import KEY, MODEL, Answer, serving
from tests.acdc.chat.test_client import calls, echo, settings


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"key_env": "ACDC_TEST_NO_SUCH_KEY"}, "set the environment variable ACDC_TEST_NO_SUCH_KEY"),
        ({"model": "another"}, "does not serve another; it serves: tester"),
        ({"base_url": "http://127.0.0.1:9/v1"}, "cannot be reached"),
        ({"base_url": "SERVER/wrong"}, "check base_url"),
    ],
)
def test_what_is_wrong_with_an_endpoint_is_said_before_a_run(changes: dict[str, str], words: str) -> None:
    with serving(echo) as server:
        changes = {name: value.replace("SERVER", server.url) for name, value in changes.items()}
        with pytest.raises(InfrastructureError, match=words):
            require_served(settings(**{"url": server.url, **changes}))
        assert server.asked == []


def test_a_good_endpoint_passes_with_and_without_a_list_of_models() -> None:
    for lists_models in (True, False):
        with serving(lambda body, number: Answer(), lists_models=lists_models) as server:
            require_served(settings(server.url))
            assert bool(server.asked) != lists_models  # a short reply is paid for only where there is no list


@pytest.mark.parametrize("status", [404, 500, 422])
def test_a_list_of_models_that_fails_leaves_it_to_a_short_reply(status: int) -> None:
    """As `transformers serve` 5.19 does: 500 for the list, the connection closed, and it chats all the same."""
    broken = Answer(status=status, raw=b"Internal Server Error", trouble="closes")
    with serving(lambda body, number: Answer(), key=None) as server:
        server.models = broken
        require_served(settings(server.url))
        with pytest.raises(InfrastructureError, match="has no model another"):
            require_served(settings(server.url, model="another"))


def test_a_model_that_is_listed_and_does_not_embed_is_no_embedder() -> None:
    with (
        serving(echo, key=None) as server,
        pytest.raises(InfrastructureError, match="no embedding model tester"),
    ):
        require_served(EmbeddingEndpointSettings(base_url=server.url, model=MODEL))


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b'{"error": {"message": "tester is asleep"}}', "reply without choices; it says: tester is asleep"),
        (b'{"object": "chat.completion", "choices": []}', "reply without choices"),
        (b"<html>a proxy</html>", "no reply of a model"),
    ],
)
def test_an_error_with_status_200_is_no_short_reply(raw: bytes, words: str) -> None:
    with (
        serving(lambda body, number: Answer(raw=raw), lists_models=False) as server,
        pytest.raises(InfrastructureError, match=words),
    ):
        require_served(settings(server.url))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (Answer(raw=b'{"error": {"message": "asleep"}}'), "reply without an embedding; it says: asleep"),
        (Answer(raw=b'{"object": "list", "data": []}'), "reply without an embedding"),
        ([], "reply without an embedding"),
        ([0.5, float("nan")], "reply without an embedding"),
    ],
)
def test_an_answer_without_a_vector_is_no_embedding(said: Answer | list[float], words: str) -> None:
    with serving(echo, key=None) as server:
        server.embed = lambda text: said
        with pytest.raises(InfrastructureError, match=words):
            require_served(EmbeddingEndpointSettings(base_url=server.url, model=MODEL))
        server.embed = lambda text: [0.5, 1.0]
        require_served(EmbeddingEndpointSettings(base_url=server.url, model=MODEL))


def test_an_endpoint_whose_list_of_models_never_ends_is_left_after_the_timeout() -> None:
    with serving(echo) as server:
        server.models = Answer(trouble="endless")
        with pytest.raises(InfrastructureError, match="did not finish a reply"):
            require_served(settings(server.url, timeout=0.3))


def test_a_wrong_key_stops_at_once_and_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACDC_TEST_KEY", "sk-wrong-and-secret")
    with serving(echo) as server, Chat("scientist", settings(server.url)) as chat:
        with pytest.raises(InfrastructureError, match="refuses the key") as caught:
            chat.ask(calls(3))
        assert "secret" not in str(caught.value)


SECRET = "sk-own-and-secret"


@pytest.mark.parametrize(
    ("parrot", "said"),
    [
        (
            Answer(status=403, error={"message": f"{SECRET} may not do that"}),
            r"It said: \[key\] may not do that",
        ),
        (Answer(status=500, error={"message": f"no {SECRET}"}), r"answered with 500.*: no \[key\]"),
        (
            Answer(raw=b'{"error": {"message": "%s has no access"}}' % SECRET.encode()),
            r"\[key\] has no access",
        ),
        (
            Answer(status=307, raw=b"", headers={"Location": f"http://x/{SECRET}"}),
            r"redirects to http://x/\[key\]",
        ),
    ],
    ids=["refused", "outage", "with status 200", "redirect"],
)
def test_a_key_that_the_endpoint_repeats_is_not_shown(
    parrot: Answer, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACDC_TEST_KEY", SECRET)
    with (
        serving(lambda body, number: parrot, key=None) as server,
        Chat("scientist", settings(server.url, retries=0)) as chat,
        pytest.raises(InfrastructureError, match=said) as caught,
    ):
        chat.ask(calls(1))
    assert "sk-" not in str(caught.value)


def test_a_key_in_the_list_of_models_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACDC_TEST_KEY", SECRET)
    page = b'{"object": "list", "data": [{"id": "%s", "object": "model"}]}' % SECRET.encode()
    with serving(echo, key=None) as server:
        server.models = Answer(raw=page)
        with pytest.raises(InfrastructureError, match=r"does not serve another; it serves: \[key\]"):
            require_served(settings(server.url, model="another"))


@pytest.mark.parametrize("before", range(280, 301, 4))
@pytest.mark.parametrize("status", [200, 403])
def test_no_part_of_a_key_is_shown_where_a_long_message_is_cut(
    before: int, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACDC_TEST_KEY", SECRET)
    # Keys before it, so that leaving them out makes the message short enough to show its end.
    long = Answer(status=status, error={"message": f"{SECRET} " * 12 + "x" * (before - 216) + SECRET})
    with (
        serving(lambda body, number: long, key=None) as server,
        Chat("scientist", settings(server.url, retries=0)) as chat,
        pytest.raises(InfrastructureError) as caught,
    ):
        chat.ask(calls(1))
    assert "[key]" in str(caught.value)
    assert "sk-" not in str(caught.value)


@pytest.mark.parametrize("key", ["sk-secret\nsecond line", "schlüssel-secret", "sk-\x7fsecret"])
def test_a_key_that_cannot_be_sent_is_said_and_not_shown(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACDC_TEST_KEY", key)
    with (
        serving(echo) as server,
        pytest.raises(InfrastructureError, match="set it to the key alone") as caught,
    ):
        require_served(settings(server.url))
    assert "secret" not in str(caught.value)


def test_a_line_end_after_the_key_is_no_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACDC_TEST_KEY", f"{KEY}\n")
    with serving(echo) as server:
        require_served(settings(server.url))
