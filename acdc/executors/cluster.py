"""The Ray cluster behind ``executor: {kind: ray}``: reach it or start one, see what fits, be quiet, leave nothing behind.

A cluster that was started here ends with the process that started it, however that ends (Ray's own reaper sees to a
killed one) and takes orders from no other command; a cluster that others started is only left. Nothing is sent to the outside: usage
statistics and dashboard stay off.
"""

import contextlib
import logging
import math
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from acdc.config.evolution import ExecutorSettings
from acdc.errors import InfrastructureError, InputError

if TYPE_CHECKING:
    from acdc.config.config import Config

_CONNECT_SECONDS = 10.0


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster that this process is connected to.

    Attributes:
        address: HOST:PORT of its head.
        workers: How many workers it gets.
        logs: Directory of Ray's own logs, the same on every node.
        owned: Whether this process connected, and so disconnects.
    """

    address: str
    workers: int
    logs: str
    owned: bool

    def close(self) -> None:
        """Leave the cluster; ends it if it was started here."""
        if self.owned:
            _ray().shutdown()


@contextlib.contextmanager
def hosted(config: "Config", say: Callable[[str], None] = lambda line: None) -> Iterator["Config"]:
    """The settings of a command with its cluster: address and workers are those that there are.

    All processes of the command then use one cluster, which is there until the block ends.

    Args:
        config: All settings; returned as they are where the executor is local.
        say: Told in one line what cluster it is.

    Raises:
        InputError: Ray is not installed.
        InfrastructureError: The cluster can't be reached, or has no room for a worker.
    """
    settings = config.executor
    if settings.kind == "local":
        yield config
        return
    if settings.address is None:
        say("starting a Ray cluster on this machine")
    cluster = connect(settings)
    try:
        each = _resources(settings.cpus_per_worker, settings.gpus_per_worker)
        say(
            f"Ray cluster at {cluster.address}: {cluster.workers} worker(s) of {each}; logs in {cluster.logs}"
        )
        found = settings.model_copy(update={"address": cluster.address, "workers": cluster.workers})
        yield replace(config, sections={**config.sections, "executor": found})
    finally:
        cluster.close()


def connect(settings: ExecutorSettings) -> Cluster:
    """Connect this process to the cluster of the settings, starting one where they name none.

    A process that is connected already stays so.

    Raises:
        InputError: Ray is not installed.
        InfrastructureError: The cluster can't be reached, or has no room for the workers.
    """
    if settings.address is None and "ray" not in sys.modules:
        _draw_token()
    ray = _ray()
    owned = not ray.is_initialized()
    if owned:
        _init(ray, settings)
    try:
        node = ray._private.worker.global_worker.node
        workers = _room(settings, ray.nodes())
        return Cluster(ray.get_runtime_context().gcs_address, workers, node.get_logs_dir_path(), owned)
    except BaseException:
        if owned:
            ray.shutdown()
        raise


def _draw_token() -> None:
    """Ray listens on all interfaces and runs what it is sent: let this process and its children alone know the password.

    Ray reads it once, at import; a program that has imported Ray before has decided for itself.
    """
    if os.environ.setdefault("RAY_AUTH_MODE", "token") == "token":
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise InputError(
            "executor.kind: ray needs the package ray, which is optional; `make setup EXTRAS=ray` installs it"
        ) from error
    return ray


def _init(ray: Any, settings: ExecutorSettings) -> None:
    """``ray.init``, quietly, without taking over this process's signals."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "1")  # who reserves no GPU sees none
    arguments: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if settings.address is None:
        from acdc.processes.machine import usable_cores

        os.environ.setdefault(
            "RAY_worker_niceness", "0"
        )  # at Ray's 15 a busy machine leaves workers next to nothing
        arguments |= {"address": "local", "num_cpus": usable_cores(), "include_dashboard": False}
    else:
        arguments["address"] = settings.address
        _knock(settings.address)
    with _own_signals():
        try:
            ray.init(**arguments)
        except (ConnectionError, RuntimeError, TimeoutError, ValueError) as error:
            reason = str(error).splitlines()[0]
            if settings.address is None:
                raise InfrastructureError(
                    f"no Ray cluster could be started on this machine: {reason}"
                ) from error
            raise InfrastructureError(
                f"no Ray cluster at {settings.address} ({reason}). Start one with `ray start --head`, give another address in "
                "executor.address, or leave it out; the command then starts a cluster"
            ) from error
    _quieten(ray)


def _knock(address: str) -> None:
    """Ask whether a cluster listens there: Ray itself would wait for a minute and then end this process."""
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=_CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise InfrastructureError(
            f"no Ray cluster at {address} ({error}). Start one with `ray start --head`, or fix executor.address"
        ) from error


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """Ray takes SIGTERM for itself; the command line's way of ending is put back."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, kept)


def _quieten(ray: Any) -> None:
    """Keep Ray's notices about lost workers off stdout, where a command's JSON goes: losses are told in our own words."""
    worker = ray._private.worker
    if hasattr(worker, "print_to_stdstream"):  # no public way to do without; its own logs hold the same
        worker.print_to_stdstream = _nothing


def _nothing(*_: object, **__: object) -> None:
    """In the place of a function that prints."""


def _room(settings: ExecutorSettings, nodes: list[dict[str, Any]]) -> int:
    """How many workers there will be; InfrastructureError where that many do not fit."""
    alive = [node for node in nodes if node["Alive"]]
    room = sum(_fit(settings, node["Resources"]) for node in alive)
    wanted = settings.workers or max(1, room)
    if wanted <= room:
        return wanted
    has = "; ".join(
        f"{node['NodeManagerHostname']}: "
        f"{_resources(node['Resources'].get('CPU', 0), node['Resources'].get('GPU', 0))}"
        for node in alive
    )
    each = _resources(settings.cpus_per_worker, settings.gpus_per_worker)
    raise InfrastructureError(
        f"the Ray cluster has room for {room} worker(s) of {each}, but {wanted} are requested; it has {len(alive)} node(s) "
        f"({has}). Add nodes, or lower executor.workers, cpus_per_worker or gpus_per_worker"
    )


def _fit(settings: ExecutorSettings, resources: dict[str, float]) -> int:
    """Workers that one node holds; a worker never spans two."""
    fits = [math.floor(resources.get("CPU", 0) / settings.cpus_per_worker + 1e-9)]
    if settings.gpus_per_worker:
        fits.append(math.floor(resources.get("GPU", 0) / settings.gpus_per_worker + 1e-9))
    return min(fits)


def _resources(cpus: float, gpus: float) -> str:
    return f"{cpus:g} CPU, {gpus:g} GPU" if gpus else f"{cpus:g} CPU"
