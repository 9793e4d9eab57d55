"""The scientist behind an endpoint: what it is asked, and what comes of its replies in the real sandbox."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acdc.chat.client import Chat
from acdc.chat.prompt_files import OURS, Prompts
from acdc.chat.settings import LLMScientistSettings
from acdc.sandbox import Sandbox
from acdc.tasks.evolution import Staff, evolve, initial
from acdc.tasks.llm_scientist import LLMScientist
from acdc.tasks.novelty import HashingEmbedder
from acdc.tasks.reflection import Checker, checked
from acdc.tasks.scientist import Judgement, Rejection, Request
from acdc.tasks.settings import NoveltySettings, TaskSettings
from acdc.tasks.task_family import Provenance, TaskFamily
from tests.acdc.chat.chat_server import KEY, MODEL, Answer, ChatServer, serving
from tests.acdc.chat.scripted_scientist import SOURCE, reply

SMALL = TaskSettings(initial_target=6, initial_attempts=20, micro_batch=5, cap=8, adapt=4, interval=1)
GOOD = {
    "name": "write tide",
    "description": "d",
    "capability": "c",
    "difficulty": 2,
    "is_code": False,
    "source": SOURCE.format(word="tide", n=1),
    "done": True,
}


@pytest.fixture(autouse=True)
def right_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACDC_TEST_KEY", KEY)


def settings(url: str, **changes: Any) -> LLMScientistSettings:
    common = {"base_url": url, "model": MODEL, "key_env": "ACDC_TEST_KEY", "retries": 1, "timeout": 10}
    return LLMScientistSettings.model_validate({**common, **changes})


@pytest.fixture(scope="module")
def talented() -> Iterator[ChatServer]:
    with serving(lambda body, number: reply(body)) as server:
        yield server


def parent(source: str = GOOD["source"]) -> TaskFamily:  # type: ignore[assignment]
    return TaskFamily(
        "t0001", source, "the parent's name", "its description", "its capability", 2, "its instruction", "x", False,
        Provenance(None, "seed", 0),
    )  # fmt: skip


def asked_for(kind: Any, **changes: Any) -> Request:
    values = {"parent": parent(), "parent_pass_rate": 0.75, "inspirations": (parent(),), **changes}
    return Request("t0009", kind, 1, 2**100 + 5, **values)


def test_the_prompts_are_what_the_version_names(tmp_path: Path) -> None:
    for path in OURS.glob("*.txt"):
        (tmp_path / path.name).write_text(path.read_text("utf-8"), "utf-8")
    names = [path.stem for path in OURS.glob("*.txt")]
    assert Prompts(names, tmp_path).version == Prompts(names[::-1]).version
    (tmp_path / "novel.txt").write_text("other words", "utf-8")
    assert Prompts(names, tmp_path).version != Prompts(names).version


@pytest.mark.parametrize("kind", ["novel", "similar", "harder", "easier", "related", "free"])
def test_a_request_shows_parent_rate_and_inspirations(kind: Any) -> None:
    with serving(lambda body, number: Answer(text=json.dumps(GOOD))) as server:
        with Chat("scientist", settings(server.url)) as chat:
            [draft] = LLMScientist(chat, settings(server.url)).adapt([asked_for(kind)])
        body = server.asked[0]
    assert not isinstance(draft, Rejection)
    assert draft.name == "write tide"
    prompt = body["messages"][1]["content"]
    assert all(text in prompt for text in ("the parent's name", "75%", "its instruction", "class TaskFamily"))
    assert "$" not in prompt.replace("$placeholders", "")
    assert (body["temperature"], body["top_p"], body["max_tokens"], body["seed"]) == (0.7, 0.95, 2000, 5)
    wanted = body["response_format"]["json_schema"]["schema"]
    listed = re.findall(r'^"(\w+)":', prompt, re.MULTILINE)
    assert wanted["required"] == list(wanted["properties"]) == listed


def test_a_broken_draft_is_repaired_with_what_the_sandbox_said(box: Sandbox) -> None:
    def fixes(body: dict[str, Any], number: int) -> Answer:
        prompt = body["messages"][1]["content"]
        if "# What happened" in prompt:
            return Answer(text=json.dumps(GOOD))
        if "# What to write" in prompt:
            return Answer(text=json.dumps({**GOOD, "source": "class TaskFamily:\n    oops"}))
        return Answer(text="Answer: tide")

    with serving(fixes) as server, Chat("scientist", settings(server.url)) as chat:
        scientist = LLMScientist(chat, settings(server.url))
        [task] = checked([asked_for("novel")], scientist.propose, scientist, Checker(box, SMALL))
        prompts = [body["messages"][1]["content"] for body in server.asked]
    assert isinstance(task, TaskFamily)
    assert task.reference == "tide"
    assert "oops" in prompts[1].partition("\nThen: ")[2]
    assert prompts[2].strip() == "Write the word tide. End with a line: Answer: ..."


def test_unreadable_judgements_are_asked_twice_and_are_no_then() -> None:
    def unsure(body: dict[str, Any], number: int) -> Answer:
        return Answer(text="Well…" if body["temperature"] == 0 else '{"interesting": true}')

    for answer, said, times in ((unsure, True, 2), (lambda body, number: Answer(text="Well…"), False, 2)):
        with serving(answer) as server, Chat("scientist", settings(server.url)) as chat:
            scientist = LLMScientist(chat, settings(server.url))
            assert scientist.is_interesting([Judgement(parent(), (parent(),), 3)]) == [said]
            assert len(server.asked) == times


def test_a_pool_grows_and_evolves_from_replies_of_every_make(box: Sandbox, talented: ChatServer) -> None:
    results = []
    for concurrency in (1, 8):
        with Chat("scientist", settings(talented.url, concurrency=concurrency)) as chat:
            staff = Staff(LLMScientist(chat, settings(talented.url)), box, HashingEmbedder())
            novelty = SMALL.model_copy(update={"novelty": NoveltySettings(threshold=0.5)})
            pool, events = initial(staff, novelty, seed=3)
            rates = {one: (i % 5) / 4 for i, one in enumerate(pool.active)}
            results.append((pool, events, *evolve(pool, rates, staff, novelty, seed=3, generation=1)))
    assert results[0] == results[1]  # whatever came first
    pool, events, later, _ = results[0]
    assert len(pool.active) >= 6
    assert {event.kind for event in events} >= {"accepted", "rejected"}
    assert later.active != pool.active


def test_the_version_names_model_prompts_and_sampling_but_no_address() -> None:
    def version(**changes: Any) -> str:
        one = settings("http://127.0.0.1:1/v1", **changes)
        return LLMScientist(Chat("scientist", one), one).version

    assert version() == version(base_url="http://elsewhere/v1", timeout=3, concurrency=2, budget_tokens=9)
    assert len({version(), version(model="other"), version(temperature=0.1), version(max_tokens=9)}) == 4
