"""Sandboxes with one layer off, kept open for a whole module because every one of them is started and probed."""

import json
import os
import platform
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acdc.sandbox import Layers, Limits, Sandbox, SandboxSettings

REVERSE = """
class TaskFamily:
    @staticmethod
    def get_tasks():
        return {"1": {"word": "abc"}, "2": {"word": "xyz"}}

    @staticmethod
    def get_instructions(t):
        return "Reverse " + t["word"]

    @staticmethod
    def score(t, submission):
        return 1.0 if submission == t["word"][::-1] else 0.0
"""


@pytest.fixture(scope="session")
def reverse() -> str:
    return REVERSE


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox.open(SandboxSettings(outer="none")) as opened:
        yield opened


@pytest.fixture(scope="module")
def box_without() -> Iterator[Callable[[str, bool], Sandbox]]:
    """Opens a sandbox without the layer of that name ("nothing" for all layers, "outer" for all and sandlock around them)."""
    opened: dict[tuple[str, bool], Sandbox] = {}

    def get(off: str, hurried: bool) -> Sandbox:
        if (off, hurried) not in opened:
            layers = Layers(**({} if off in ("nothing", "behind_sandlock") else {off: False}))
            wall = 0.4 if hurried else 20.0
            limits = Limits(wall_seconds=wall, cpu_seconds=1, memory_mb=128, output_kb=64, result_kb=256)
            outer = "sandlock" if off == "behind_sandlock" else "none"
            settings = SandboxSettings(
                outer=outer, layers=layers, limits=limits, allow_unsafe=off == "rlimits"
            )
            opened[off, hurried] = Sandbox.open(settings)
        return opened[off, hurried]

    yield get
    for each in opened.values():
        each.close()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """What attacks aim at: files that anybody may open, ports that anybody may reach, this process."""
    folder = Path(tmp_path_factory.mktemp("host"))
    for path in (folder, *folder.parents):
        if path.owner() == Path(folder).owner() and str(path).startswith("/tmp/pytest"):
            path.chmod(0o777)
    (folder / "secret").write_text("secret")
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        for server in (tcp, udp):
            server.bind(("127.0.0.1", 0))
        tcp.listen()
        udp.setblocking(False)
        yield {
            "secret": str(folder / "secret"),
            "loot": str(folder / "loot"),
            "tcp": tcp.getsockname()[1],
            "udp": udp.getsockname()[1],
            "pid": os.getpid(),
            "machine": platform.machine(),
        }


@pytest.fixture(scope="module")
def aimed(host: dict[str, object]) -> str:
    """The same as the submission that attack functions expect."""
    return json.dumps(host)
