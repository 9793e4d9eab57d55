"""Finds out by eight attacks whether a started worker holds; no version number is believed."""

import os
import socket
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from acdc.sandbox.outcome import Answered, Json

ATTACKS = ("read", "write", "tcp", "udp", "fork", "execute", "signal", "memory")
Run = Callable[[Sequence[tuple[str, str, list[Json]]]], Sequence[Answered]]
"""Runs (source, function, args) calls as answers in the worker that is probed."""

_HARMLESS = 4950


class UselessError(Exception):
    """A worker that stops everything, honest work included."""


def breaches(run: Run, memory_mb: int) -> list[str]:
    """Attacks a worker and the process it is to be kept from: this one.

    Args:
        run: Runs calls in the worker.
        memory_mb: Limit of memory in MiB that the worker was given.

    Raises:
        UselessError: The worker cannot even do what it should: that nothing gets through is no merit then.

    Returns:
        Names of the attacks that got through; none is what is wanted.
    """
    source = (Path(__file__).parent / "probe_attacks.py").read_text(encoding="utf-8")
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        # Open to everybody: it is the confinement that must keep the attack out, not the file's own mode.
        os.chmod(folder, 0o777)
        secret, loot = Path(folder) / "secret", Path(folder) / "loot"
        secret.write_text("secret", encoding="utf-8")
        for server in (tcp, udp):
            server.bind(("127.0.0.1", 0))
        tcp.listen()
        targets: dict[str, Json] = {
            "read": str(secret),
            "write": str(loot),
            "tcp": tcp.getsockname()[1],
            "udp": udp.getsockname()[1],
            "execute": os.path.realpath(sys.executable),
            "signal": os.getpid(),
            "memory": (memory_mb + 64) << 20,
        }
        calls = [(source, name, [targets[name]] if name in targets else []) for name in ATTACKS]
        harmless, *outcomes = run([(source, "harmless", []), *calls])
        if harmless.value != _HARMLESS:
            raise UselessError(f"it does not compute ({harmless.error}: {harmless.detail})")
        return [
            name
            for name, outcome in zip(ATTACKS, outcomes, strict=True)
            if not _stopped(outcome) or (name == "write" and loot.exists())
        ]


def _stopped(outcome: Answered) -> bool:
    if outcome.error is None:
        return outcome.value is False
    return outcome.error in ("killed", "memory", "exception")
