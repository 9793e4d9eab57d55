"""What a person is told about a cluster that is not there or too small, and what is left of one that is ended."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acdc.config.config import load
from acdc.config.evolution import ExecutorSettings
from acdc.errors import InfrastructureError, InputError
from acdc.executors import cluster, hosted
from acdc.parsing.validation import validate

PARAMS = Path(__file__).parents[3] / "params.yaml"


def node(cpus: float, gpus: float = 0, *, alive: bool = True, name: str = "a") -> dict[str, Any]:
    resources = {"CPU": float(cpus), **({"GPU": float(gpus)} if gpus else {})}
    return {"Alive": alive, "NodeManagerHostname": name, "Resources": resources}


def room(nodes: list[dict[str, Any]], **settings: Any) -> int:
    return cluster._room(ExecutorSettings(kind="ray", **settings), nodes)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"address": "auto"}, "address works only with kind: ray"),
        ({"kind": "ray", "address": "head"}, "HOST:PORT"),
        ({"kind": "ray", "address": "ray://head:10001"}, "must run on a node of the cluster"),
        ({"kind": "ray", "gpus_per_worker": 1.5}, "above 1 it must be whole"),
        ({"kind": "ray", "cpus_per_worker": 0}, "greater than 0"),
        ({"kind": "ray", "worker": 2}, "did you mean 'workers'"),
        ({"kind": "rat"}, "'local' or 'ray'"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        validate(ExecutorSettings, settings, "executor")


def test_as_many_workers_as_fit_and_none_over_two_nodes() -> None:
    nodes = [node(8, 2), node(8, 3), node(64, alive=False)]
    assert room(nodes) == 16
    assert room(nodes, gpus_per_worker=1) == 5
    assert room(nodes, gpus_per_worker=2) == 2
    assert room(nodes, gpus_per_worker=0.5, cpus_per_worker=4) == 4
    assert room(nodes, workers=3) == 3


def test_too_small_a_cluster_says_what_it_has() -> None:
    with pytest.raises(InfrastructureError) as error:
        room([node(2, name="left"), node(4, 1, name="right")], gpus_per_worker=1, workers=2)
    assert "room for 1 worker(s) of 1 CPU, 1 GPU, but 2 are requested" in str(error.value)
    assert "2 node(s) (left: 2 CPU; right: 4 CPU, 1 GPU)" in str(error.value)


def test_a_cluster_without_any_room_is_an_error_though_no_number_was_asked_for() -> None:
    with pytest.raises(InfrastructureError, match="room for 0 worker"):
        room([node(2)], gpus_per_worker=1)


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match="make setup EXTRAS=ray"):
        cluster.connect(ExecutorSettings(kind="ray"))


def test_a_head_that_does_not_listen_is_named() -> None:
    pytest.importorskip("ray", reason="the extra ray is not installed")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(InfrastructureError, match=f"no Ray cluster at 127.0.0.1:{port}.*executor.address"):
        cluster.connect(ExecutorSettings(kind="ray", address=f"127.0.0.1:{port}"))


def test_a_local_executor_leaves_the_settings_and_ray_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    config = load(PARAMS)
    with hosted(config) as here:
        assert here is config


HOST = """
import functools, sys, time
from pathlib import Path
from acdc.cli.app import Terminated, _raise_terminated
from acdc.config.config import load
from acdc.executors import hosted
import signal
signal.signal(signal.SIGTERM, _raise_terminated)
try:
    config = load(Path(sys.argv[1]), ["executor.kind=ray", "executor.workers=1"])
    say = functools.partial(print, flush=True)
    with hosted(config, say) as here:
        import os
        say("up", here.executor.address, here.executor.workers, os.environ.get("RAY_AUTH_MODE") == "token")
        time.sleep(120)
except Terminated:
    sys.exit(143)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_cluster_of_ones_own_ends_with_the_process_however_that_ends(
    number: signal.Signals, code: int
) -> None:
    pytest.importorskip("ray", reason="the extra ray is not installed")
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOST), str(PARAMS)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=PARAMS.parent,
        process_group=0,
    )
    assert process.stdout is not None
    with process, process.stdout, killed_at_last(process):
        lines = [process.stdout.readline() for _ in range(3)]
        assert lines[0] == "starting a Ray cluster on this machine\n"
        address, workers = lines[2].split()[1:3]
        assert workers == "1"
        assert processes_of(address)
        assert " True" in lines[2]  # nobody may give it orders who does not know its token
        os.kill(process.pid, number)
        assert process.wait() == code
    deadline = time.monotonic() + 120
    while left := processes_of(address):
        assert time.monotonic() < deadline, left
        time.sleep(0.2)


@contextlib.contextmanager
def killed_at_last(process: subprocess.Popen[str]) -> Iterator[None]:
    """Whatever is found wrong, the process does not outlive the test."""
    try:
        yield
    finally:
        process.kill()


def processes_of(address: str) -> list[str]:
    """Command lines of Ray's processes that know the address of a cluster's head."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # ended meanwhile
            continue
        if address in line and "ray" in line:
            found.append(line)
    return found
