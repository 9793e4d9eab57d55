"""Whole runs with a language model as scientist and gibberish judge: killed, taken up again, replayed without an endpoint."""

import atexit
import json
import shutil
import signal
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from acdc.chat.settings import LLMScientistSettings
from acdc.chat.transcript import lines
from acdc.cli.app import build
from acdc.cli.app import run as run_command
from acdc.config.config import Config, load
from acdc.errors import AcdcError, InfrastructureError, InputError
from acdc.preflight.calls import call_plans
from acdc.runs.endpoints import endpoints, require_endpoints
from acdc.storage.journal import events
from acdc.storage.store import RunStore
from tests.acdc.chat.chat_server import KEY, MODEL, Answer, ChatServer, serving
from tests.acdc.chat.scripted_scientist import SOURCE, reply
from tests.acdc.small_runs import PARAMS, SMALL, run

RUN = Path("runs/tiny/acdc/seed-0")
SHORT = [
    *SMALL,
    "presets.tiny.generations=3",
    "presets.tiny.tasks.interval=1",
    "presets.tiny.gibberish.kind=llm",
]


@cache
def seed_folder() -> Path:
    """Two seed tasks that fit into the context of the tiny models, and one that does not until it is repaired."""
    folder = Path(tempfile.mkdtemp(prefix="acdc-short-seeds-"))
    atexit.register(shutil.rmtree, folder)
    index = []
    for word in ("ember", "gavel", "ledger"):
        source = SOURCE.format(word=word, n=1)
        padded = source.replace("Write the word", "Write, please, " * 100 + "the word")
        (folder / f"{word}.py").write_text(padded if word == "ledger" else source)
        common = {"file": f"{word}.py", "name": word, "description": f"write {word}", "capability": word}
        index.append({**common, "difficulty": 1, "is_code": False, "solution": f"Answer: {word}"})
    (folder / "index.json").write_text(json.dumps(index))
    return folder


def config(url: str, *more: str) -> Config:
    endpoint = f"{{base_url: '{url}', model: {MODEL}, key_env: ACDC_TEST_NO_KEY, retries: 0, timeout: 20}}"
    scientist = endpoint.replace("{base", f"{{kind: llm, seed_tasks: {seed_folder()}, base")
    return load(PARAMS, [*SHORT, f"scientist={scientist}", f"judges.gibberish={endpoint}", *more])


@pytest.fixture(scope="module")
def server() -> Any:
    with serving(lambda body, number: reply(body), key=None) as one:
        yield one


@pytest.fixture(scope="module")
def whole(server: ChatServer, brief_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("whole")
    assert run(config(server.url), root, brief_models)[0] == 0
    return root / RUN


def test_a_run_with_a_language_model_evolves_its_tasks(whole: Path) -> None:
    with RunStore.read(whole) as store:
        assert store.generations()[-1].generation == 3
        assert len(store.tasks()) > 8
        assert any(finding is not None for *_, finding in store.individuals())
    told = [json.loads(line) for line in lines(whole) if '"t0002/reflect/1"' in line]
    assert "too long for the models that are to answer" in told[0]["request"]["user"]
    called = [detail for _, _, kind, detail in events(whole) if kind == "call"]
    assert {one["role"] for one in called} == {"scientist", "gibberish"}
    assert len(called) == len(list(lines(whole))) - 1
    said = CliRunner().invoke(build(), ["status", str(whole)]).stdout
    assert f"{len(called):,} calls to endpoints ({15 * len(called):,} tokens)" in said
    asked = config("http://127.0.0.1:9/v1")
    settings = asked.evolution("tiny", "acdc")
    for role, plan in call_plans(settings, endpoints(asked, settings)).items():
        assert plan.least <= sum(one["role"] == role for one in called) <= plan.most


def test_a_killed_run_goes_on_to_the_same_bytes_and_asks_nothing_twice(
    server: ChatServer, whole: Path, brief_models: Path, tmp_path: Path
) -> None:
    before = len(server.asked)
    for kill_at in (2, 7, 9):
        assert run(config(server.url), tmp_path, brief_models, kill_at=kill_at)[0] == -signal.SIGKILL
    assert run(config(server.url, "scientist.concurrency=1"), tmp_path, brief_models)[0] == 0
    assert (tmp_path / RUN / "run.sqlite").read_bytes() == (whole / "run.sqlite").read_bytes()
    assert list(lines(tmp_path / RUN)) == list(lines(whole))
    assert len(server.asked) - before == len(list(lines(whole))) - 1


def test_a_run_whose_models_write_nothing_useful_ends_and_says_so(
    brief_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "models").symlink_to(brief_models)
    monkeypatch.chdir(tmp_path)
    with serving(lambda body, number: Answer(text="Hm."), key=None) as idle:
        overrides = [*SHORT, *_as_overrides(config(idle.url)), "presets.tiny.generations=1"]
        words = [word for one in overrides for word in ("-S", one)]
        assert run_command(["evolve", "tiny", "acdc", "--params", str(PARAMS), "--seed", "0", *words]) == 0
    said = capfd.readouterr().err
    assert "tasks that the scientist was asked for passed its checks (parse" in said
    assert "the judge of gibberish gave no verdict on" in said


def test_a_transcript_replays_to_the_same_bytes_without_an_endpoint(
    whole: Path, brief_models: Path, tmp_path: Path
) -> None:
    file = tmp_path / "transcript.jsonl"
    result = CliRunner().invoke(build(), ["transcript", str(whole), "--to", str(file)])
    assert result.exit_code == 0, result.output
    again = load(PARAMS, [*SHORT, f"scientist={{replay: {file}, seed_tasks: {seed_folder()}}}"])
    assert require_endpoints(again, again.evolution("tiny", "acdc")) == []
    assert run(again, tmp_path, brief_models)[0] == 0
    assert (tmp_path / RUN / "run.sqlite").read_bytes() == (whole / "run.sqlite").read_bytes()
    assert list(lines(tmp_path / RUN)) == file.read_text().splitlines()


def test_scientist_and_judge_of_one_model_are_warned_of(server: ChatServer) -> None:
    one = config(server.url)
    [warning] = require_endpoints(one, one.evolution("tiny", "acdc"))
    assert "judge of gibberish are one model" in warning
    judge = f"judges.answers={{base_url: '{server.url}', model: {MODEL}, key_env: ACDC_TEST_NO_KEY}}"
    both = config(server.url, judge)
    assert len(require_endpoints(both, both.evolution("tiny", "acdc"))) == 2
    assert require_endpoints(both, both.evolution("tiny", "acdc"), ("answers",)) == []


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ("scientist.model=other", "does not serve other"),
        ("judges.gibberish.model=other", "does not serve other"),
        ("scientist.base_url=http://127.0.0.1:9/v1", "cannot be reached"),
        ("scientist.replay=missing.jsonl", "cannot be read"),
        ("scientist.seed_tasks=nowhere", "nowhere/index.json: No such file"),
        ("embedder={kind: sentence_transformers, path: nowhere}", "nowhere is no directory"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_written(
    server: ChatServer,
    brief_models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    more: str,
    error: str,
) -> None:
    from acdc.cli.evolve import evolve

    (tmp_path / "models").symlink_to(brief_models)
    monkeypatch.chdir(tmp_path)
    overrides = [*SHORT, *_as_overrides(config(server.url)), more]
    with pytest.raises(AcdcError, match=error) as caught:
        evolve("tiny", "acdc", params=PARAMS, overrides=overrides, seed=[0])
    ours = any(word in more for word in ("replay", "nowhere"))
    assert isinstance(caught.value, InputError if ours else InfrastructureError)
    assert [path.name for path in tmp_path.iterdir()] == ["models"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("scientist.key_env=ACDC_TEST_WRONG_KEY", "refuses the key"),
        ("scientist.model=other", "does not serve other"),
        ("scientist.base_url=SERVER/wrong", "check base_url"),
        ("scientist.base_url=http://127.0.0.1:9/v1", "cannot be reached"),
        ("judges.answers={base_url: 'SERVER', model: other, key_env: ACDC_TEST_KEY}", "does not serve other"),
        (
            "embedder={kind: openai, base_url: 'SERVER', model: other, key_env: ACDC_TEST_KEY}",
            "not serve other",
        ),
    ],
)
def test_a_bad_key_address_or_model_is_one_message_and_exit_5(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    more: str,
    message: str,
) -> None:
    monkeypatch.setenv("ACDC_TEST_KEY", KEY)
    monkeypatch.setenv("ACDC_TEST_WRONG_KEY", "sk-wrong-and-secret")
    (tmp_path / "models" / "tiny").mkdir(parents=True)
    (tmp_path / "models" / "tiny" / "family.json").write_text(
        "{}"
    )  # models that are there are all it asks for
    monkeypatch.chdir(tmp_path)
    with serving(lambda body, number: reply(body)) as locked:
        endpoint = f"base_url: '{locked.url}', model: {MODEL}, key_env: ACDC_TEST_KEY, retries: 0, timeout: 5"
        overrides = [*SHORT, f"scientist={{kind: llm, {endpoint}}}", f"judges.gibberish={{{endpoint}}}"]
        words = [word for one in [*overrides, more.replace("SERVER", locked.url)] for word in ("-S", one)]
        assert run_command(["evolve", "tiny", "acdc", "--params", str(PARAMS), "--seed", "0", *words]) == 5
        assert locked.asked == []
    said = capfd.readouterr()
    assert (said.out, said.err.splitlines()[1:]) == ("", ["[exit 5]"])
    assert message in said.err
    assert "secret" not in said.err
    assert [path.name for path in tmp_path.rglob("*")] == ["models", "tiny", "family.json"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"temperature": "hot"}, r"made_with\.scientist\.temperature: .*'hot'"),
        ({"modle": "m"}, "did you mean 'model'"),
    ],
)
def test_a_transcript_made_with_what_no_settings_can_be_is_said(
    tmp_path: Path, changes: dict[str, str], error: str
) -> None:
    path = tmp_path / "transcript.jsonl"
    path.write_text(json.dumps({"transcript": 1, "made_with": {"scientist": {"model": "m", **changes}}}))
    again = load(PARAMS, [*SMALL, f"scientist={{replay: {path}}}"])
    with pytest.raises(InputError, match=error):
        endpoints(again, again.evolution("tiny", "acdc"))


def test_a_judge_that_is_not_named_is_an_error(server: ChatServer) -> None:
    unnamed = load(PARAMS, [*SHORT])
    with pytest.raises(InputError, match=r"judges\.gibberish"):
        endpoints(unnamed, unnamed.evolution("tiny", "acdc"))


def test_the_grammar_asks_no_model() -> None:
    embedded = load(PARAMS, SMALL)
    assert endpoints(embedded, embedded.evolution("tiny", "acdc")) == {}


@pytest.mark.parametrize(
    ("scientist", "error"),
    [
        ("{kind: gramar}", "did you mean 'grammar'"),
        ("{kind: llm}", "base_url and model must be given"),
        ("{kind: llm, base_url: 'localhost:8000', model: m}", "must begin with http"),
        ("{kind: llm, base_url: 'http://[::1', model: m}", "must name a host"),
        ("{kind: llm, base_url: 'http://x:99999/v1', model: m}", "must name a host"),
        ("{kind: llm, base_url: 'http://a b/v1', model: m}", "must name a host"),
        ("{kind: llm, base_url: 'http:///v1', model: m}", "must name a host"),
        ("{kind: llm, base_url: 'http://me:secret@x/v1', model: m}", "must not contain a user"),
        ("{kind: llm, base_url: 'http://x/v1?api-key=secret', model: m}", "must not contain a user"),
        ("{kind: llm, base_url: 'http://x/v1', modle: m}", "did you mean 'model'"),
        ("{kind: llm, base_url: 'http://x/v1', model: m, budget_money: 5}", "needs price_in"),
    ],
)
def test_faults_of_the_section_are_said(scientist: str, error: str) -> None:
    with pytest.raises(InputError, match=error) as caught:
        load(PARAMS, [f"scientist={scientist}"])
    assert "secret" not in str(caught.value)


def _as_overrides(one: Config) -> list[str]:
    assert isinstance(one.scientist, LLMScientistSettings)
    assert one.judges.gibberish is not None
    return [
        f"scientist={one.scientist.model_dump_json(exclude_unset=True)}",
        f"judges.gibberish={one.judges.gibberish.model_dump_json(exclude_unset=True)}",
    ]
