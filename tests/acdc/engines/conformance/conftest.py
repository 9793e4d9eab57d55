"""A trained tiny model that every engine can run, three individuals of it, and each engine opened on it.

The heads are 32 wide: the narrowest that vLLM computes attention for on a CPU.
"""

import importlib.util
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.acdc.chat.chat_server import MODEL, Answer, ChatServer, serving

FAMILY = {
    "base_steps": 120,
    "tune_steps": 15,
    "big_steps": 5,
    "measured_items": 2,
    "shape": {"hidden": 64, "heads": 2, "intermediate": 128},
    "big_shape": {"hidden": 64, "heads": 2, "intermediate": 128},
}
KINDS = ("transformers", "vllm", "api")


@pytest.fixture(scope="session")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory ``models`` with a family of that shape, trained for seconds."""
    from acdc.tiny.family import train_family
    from acdc.tiny.settings import TinySettings

    models = tmp_path_factory.mktemp("trained") / "models"
    train_family(TinySettings.model_validate(FAMILY), models / "tiny")
    return models


@pytest.fixture(scope="session")
def trained(family: Path) -> Path:
    """The general seed's model directory."""
    return family / "tiny" / "general"


@pytest.fixture(scope="session")
def individuals(family: Path) -> dict[str, Any]:
    """Weights of three individuals, by name."""
    from acdc.weights.checkpoint import load_weights

    return {name: load_weights(family / "tiny" / name) for name in ("general", "strings", "lists")}


@pytest.fixture(scope="session")
def questions() -> list[str]:
    """Sixty questions of all skills."""
    from acdc.tiny.questions import measured

    return [item.phrase for items in measured(7, 5).values() for item in items]


def open_reference(model_dir: Path) -> Any:
    from acdc.engines.hf import TransformersEngine

    return TransformersEngine(model_dir, rows=32, widths=(64, 128))


@pytest.fixture(scope="session")
def reference(trained: Path) -> Iterator[Any]:
    """The transformers engine, to compare with; holds the general seed."""
    engine = open_reference(trained)
    yield engine
    engine.close()


def need_vllm() -> None:
    if importlib.util.find_spec("vllm") is None:
        pytest.skip("vLLM is not installed here: `make test-vllm` runs this")


def open_vllm(model_dir: Path, **settings: Any) -> Any:
    from acdc.engines import VllmSettings, open_engine

    asked = {"sequences": 256, "cache_gib": 0.25, "memory_share": 0.9, **settings}
    return open_engine(VllmSettings.model_validate(asked), model_dir)


def serve_model(model_dir: Path, stack: ExitStack) -> ChatServer:
    """An OpenAI-compatible server on loopback in which the real model answers."""
    from acdc.engines.engine import Request, Sampling
    from acdc.engines.hf import TransformersEngine
    from acdc.errors import InputError

    engine = TransformersEngine(model_dir, rows=1, widths=(64, 128))
    alone = threading.Lock()  # a model answers one thread at a time

    def answer(body: dict[str, Any], number: int) -> Answer:
        *systems, user = (message["content"] for message in body["messages"])
        system = "".join(systems)  # an empty one is not sent
        sampling = Sampling(body["temperature"], body["top_p"], body["max_tokens"])
        try:
            with alone:
                reply = engine.generate([Request(engine.chat(user, system), body["seed"])], sampling)[0]
        except InputError as error:
            return Answer(
                status=400, error={"message": f"context length: {error}", "code": "context_length_exceeded"}
            )
        return Answer(
            reply.text, finish=reply.finish, prompt_tokens=reply.prompt_tokens, tokens=len(reply.tokens)
        )

    return stack.enter_context(serving(answer))


def open_api(server: ChatServer, **settings: Any) -> Any:
    from acdc.engines import APISettings, open_engine

    asked = {"base_url": server.url, "model": MODEL, "key_env": "ACDC_TEST_KEY", "retries": 0, **settings}
    return open_engine(APISettings.model_validate(asked), Path())


@pytest.fixture(scope="module")
def open_kind(trained: Path) -> Iterator[Callable[[str], Any]]:
    """Opens an engine of a kind on the general seed; once a module."""
    made: dict[str, Any] = {}
    with ExitStack() as stack:

        def get(kind: str) -> Any:
            if kind not in made:
                if kind == "vllm":
                    need_vllm()
                    made[kind] = open_vllm(trained)
                elif kind == "api":
                    made[kind] = open_api(serve_model(trained, stack))
                else:
                    made[kind] = open_reference(trained)
                stack.callback(made[kind].close)
            return made[kind]

        yield get


@pytest.fixture(params=KINDS)
def engine(
    request: pytest.FixtureRequest,
    open_kind: Callable[[str], Any],
    individuals: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    """Each engine in turn, holding the general seed."""
    from tests.acdc.chat.chat_server import KEY

    monkeypatch.setenv("ACDC_TEST_KEY", KEY)
    opened = open_kind(request.param)
    if opened.capabilities.swaps != "never" and opened.weights_hash != "general":
        opened.load(individuals["general"], "general")
    return opened
