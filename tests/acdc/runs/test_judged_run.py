"""A whole run with a judge of answers and an embedder behind endpoints: killed, taken up again, chosen from, and replayed."""

import json
import signal
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from acdc.cli.app import build
from acdc.config.config import Config, load
from acdc.runs.choose_taskforce import choose_run
from acdc.storage.journal import events
from acdc.storage.layout import Layout
from acdc.storage.store import RunStore
from acdc.tasks.novelty import HashingEmbedder
from acdc.tasks.settings import EmbedderSettings
from tests.acdc.chat.chat_server import MODEL, serving
from tests.acdc.chat.scripted_scientist import reply
from tests.acdc.runs.test_llm_run import RUN, SHORT, config, seed_folder
from tests.acdc.small_runs import PARAMS, run

BRIEF = [
    "presets.tiny.generations=2",
    "presets.tiny.gibberish.kind=statistic",
    "taskforce.sizes=[1,2]",
    "presets.tiny.candidates_every=1",
]


def with_judge(url: str) -> Config:
    endpoint = f"base_url: '{url}', model: {MODEL}, key_env: ACDC_TEST_NO_KEY, retries: 0, timeout: 20"
    embedder = f"embedder={{kind: openai, instruction: 'Query: {{text}}', {endpoint}}}"
    return config(url, *BRIEF, f"judges.answers={{{endpoint}}}", embedder)


def embed(text: str) -> list[float]:
    assert text.startswith("Query: ")
    return [float(value) for value in HashingEmbedder(EmbedderSettings(dimensions=64)).embed([text])[0]]


def force(root: Path) -> Path:
    return Layout(root).taskforce("tiny", "acdc", 0)


def choose(config: Config, root: Path) -> dict[str, Any]:
    return choose_run(config, Layout(root), config.run_spec("tiny", "acdc", 0), report=lambda **_: None)


def test_a_judged_run_is_resumed_chosen_from_and_replayed_to_the_same_bytes(
    brief_models: Path, tmp_path: Path
) -> None:
    live, again = tmp_path / "live", tmp_path / "again"
    with serving(lambda body, number: reply(body), key=None) as server:
        judged, server.embed = with_judge(server.url), embed
        assert run(judged, live, brief_models, kill_at=7)[0] == -signal.SIGKILL
        assert run(judged, live, brief_models)[0] == 0
        choose(judged, live)
    asked_for = _check_the_run(live / RUN)
    assert _labels(Layout(live).taskforce_transcript("tiny", "acdc", 0)) != []

    file = tmp_path / "transcript.jsonl"
    said = CliRunner().invoke(build(), ["transcript", str(live / RUN), "--to", str(file)])
    assert said.exit_code == 0, said.output
    assert asked_for < {label.split("/")[0] for label in _labels(file)}
    replay = load(PARAMS, [*SHORT, *BRIEF, f"scientist={{replay: {file}, seed_tasks: {seed_folder()}}}"])
    assert run(replay, again, brief_models)[0] == 0
    assert (again / RUN / "run.sqlite").read_bytes() == (live / RUN / "run.sqlite").read_bytes()
    choose(replay, again)
    assert force(again).read_bytes() == force(live).read_bytes()


def _check_the_run(directory: Path) -> set[str]:
    """Ids of the tasks that were judged, after a look at their cells."""
    with RunStore.read(directory) as store:
        judged = {id for id, _, document in store.tasks() if '"criteria"' in json.loads(document)["source"]}
        cells = [cell for cell in store.cells() if cell.task in judged]
        versions = json.loads(store.meta("run") or "{}")["versions"]
    assert "judge of answers" in versions
    assert versions["embedder"].startswith(f"openai-1/{MODEL}/")
    assert {cell.verdict for cell in cells} == {"pass", "fail"}
    called = [detail for _, _, kind, detail in events(directory) if kind == "call"]
    assert {one["role"] for one in called} == {"scientist", "answers", "embedder"}
    return judged


def _labels(path: Path) -> list[str]:
    calls = [json.loads(line) for line in path.read_text().splitlines()[1:]]
    return [call["label"] for call in calls if call["role"] == "answers"]
