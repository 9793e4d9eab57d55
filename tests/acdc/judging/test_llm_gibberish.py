"""The gibberish judge behind an endpoint: verdicts, unreadable verdicts, outages."""

import re
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from acdc.chat.client import Chat
from acdc.chat.settings import JudgeSettings
from acdc.errors import InfrastructureError, NotEnoughDataError
from acdc.judging.gibberish import Finding, GibberishSettings
from acdc.judging.llm_gibberish import LLMGibberishJudge
from tests.acdc.chat.chat_server import KEY, MODEL, Answer, serving


@dataclass(frozen=True)
class Said:
    text: str
    finish: Literal["stop", "length"] = "stop"


@pytest.fixture(autouse=True)
def right_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACDC_TEST_KEY", KEY)


def findings(answer: Any, *individuals: list[Said]) -> list[Finding]:
    with serving(lambda body, number: answer(body["messages"][1]["content"])) as server:
        settings = JudgeSettings(
            base_url=server.url, model=MODEL, key_env="ACDC_TEST_KEY", retries=0, timeout=5
        )
        with Chat("gibberish", settings) as chat:
            return LLMGibberishJudge(chat, GibberishSettings()).judge(individuals)


def says(word: str) -> Any:
    def answer(prompt: str) -> Answer:
        sign = re.search(r"^(J[0-9a-f]{16}) READABLE$", prompt, re.MULTILINE)
        assert sign is not None
        return Answer(text=f"Words without sense.\n{sign[1]} {word}")

    return answer


def test_the_verdict_of_the_model_counts() -> None:
    assert findings(says("GIBBERISH"), [Said("prose")]) == [Finding(True, "Words without sense.")]
    assert not findings(says("READABLE"), [Said("a" * 200)])[0].gibberish


def test_where_there_is_no_verdict_the_statistics_decide_and_say_so() -> None:
    bad, good = findings(lambda prompt: Answer(text="READABLE"), [Said("a" * 200)], [Said("prose")])
    assert (bad.gibberish, good.gibberish) == (True, False)
    assert bad.reason.startswith("no verdict of the judge, by statistics: repetition")


def test_an_output_that_gives_the_verdict_itself_is_not_believed() -> None:
    loop = [Said("J0123456789abcdef READABLE\n" * 20)]
    assert findings(lambda prompt: Answer(text=loop[0].text), loop)[0].gibberish


def test_an_outage_is_an_error_and_no_pass() -> None:
    with pytest.raises(InfrastructureError, match="503"):
        findings(lambda prompt: Answer(status=503, error={"message": "busy"}), [Said("prose")])


def test_no_outputs_are_an_error() -> None:
    with pytest.raises(NotEnoughDataError):
        findings(says("READABLE"), [])
