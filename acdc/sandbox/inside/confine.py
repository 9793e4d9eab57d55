"""Puts the worker, and more narrowly each of its children, behind the layers that this system has.

Each layer is tried and reported; whether what is in force suffices is not judged here but found out by the probe. Every layer
can be switched off, so that tests show what the others hold.
"""

import contextlib
import ctypes
import os
import resource
import signal
import struct
from collections.abc import Mapping
from typing import TypedDict

from acdc.sandbox.inside import landlock, linux, namespaces, seccomp

_LAST_CAPABILITY = 63
_CAPABILITIES_VERSION_3 = 0x20080522


class Limits(TypedDict):
    """Limits of one child: CPU and wall time in seconds, memory and bytes."""

    cpu_seconds: int
    wall_seconds: float
    memory_mb: int
    result_bytes: int
    output_bytes: int


class Confinement:
    """The layers of one worker.

    Args:
        wanted: Layer -> whether it is wanted: namespaces, user, landlock, seccomp, rlimits.
        limits: What each child may use.
    """

    def __init__(self, wanted: Mapping[str, bool], limits: Limits) -> None:
        self._wanted = wanted
        self._limits = limits
        self._filter: seccomp.Filter | None = None
        self._ruleset: int | None = None
        self.alone = False
        self.layers: list[str] = []

    def enter_worker(self) -> None:
        """Confines the calling process as far as its own work allows. In new namespaces only a child of it returns from here."""
        self._enter_namespaces()
        if self._wanted["user"]:
            self._drop_rights()
        with contextlib.suppress(OSError):  # an outer layer that did it already may not let it be touched
            linux.prctl(linux.PR_SET_DUMPABLE, 0)
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        self.layers.append("no-new-privs")
        if self._wanted["landlock"]:
            self._enter_landlock()
        if self._wanted["seccomp"] and seccomp.supported():
            self._filter = seccomp.Filter()
            self.layers.append("seccomp")
        if self._wanted["rlimits"]:
            for what in (
                resource.RLIMIT_CORE,
                resource.RLIMIT_FSIZE,
                resource.RLIMIT_MEMLOCK,
                resource.RLIMIT_MSGQUEUE,
            ):
                resource.setrlimit(what, (0, 0))
            self.layers.append("rlimits")
        if self.alone:
            # Last, because a change of user takes it back. Without namespaces the parent is a thread of the trusted process, whose end
            # would count as its death: there the end of the commands is what ends the worker.
            linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)

    def enter_child(self) -> None:
        """Confines a freshly forked child for good. After this, no untrusted byte is out of place.

        Raises:
            OSError: A layer that the worker has could not be entered: the child must not go on.
        """
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        if self._wanted["rlimits"]:
            cpu, memory = self._limits["cpu_seconds"], self._limits["memory_mb"] << 20
            resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
            resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
        if self._ruleset is not None:
            landlock.restrict(self._ruleset)
            os.close(self._ruleset)
        if self._wanted["rlimits"]:
            # No descriptor can be opened, received or duplicated any more.
            resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
        if self._filter is not None:
            self._filter.install()

    def _enter_namespaces(self) -> None:
        if not self._wanted["namespaces"]:
            return
        inside = namespaces.enter()
        if not inside:
            if self._wanted["user"] and os.geteuid() == 0:
                _become_nobody()
            inside = namespaces.enter_as_user()
        if not inside:
            return
        child = os.fork()
        if child:
            _stand_by(child)
        self.alone = True
        self.layers.append("namespaces")
        if namespaces.empty_root():
            self.layers.append("empty-root")

    def _drop_rights(self) -> None:
        # Where this user cannot be changed, because an outer layer knows no other, capabilities still go.
        nobody = os.geteuid() != 0 or _become_nobody()
        for capability in range(_LAST_CAPABILITY + 1):
            linux.LIBC.prctl(linux.PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0)
        linux.LIBC.prctl(linux.PR_CAP_AMBIENT, ctypes.c_ulong(linux.PR_CAP_AMBIENT_CLEAR_ALL), 0, 0, 0)
        header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITIES_VERSION_3, 0), 8)
        if linux.LIBC.capset(header, ctypes.create_string_buffer(24)) == 0:
            self.layers.append("no-rights" if nobody else "no-capabilities")

    def _enter_landlock(self) -> None:
        version = landlock.abi()
        if not version:
            return
        try:
            self._ruleset = landlock.deny_all(version)
            landlock.restrict(self._ruleset)
        except OSError:
            self._ruleset = None
            return
        self.layers.append(f"landlock-{version}")


def _become_nobody() -> bool:
    try:
        os.setgroups([])
        os.setresgid(namespaces.NOBODY, namespaces.NOBODY, namespaces.NOBODY)
        os.setresuid(namespaces.NOBODY, namespaces.NOBODY, namespaces.NOBODY)
    except OSError:
        return False
    return True


def _stand_by(child: int) -> None:
    """Waits outside the namespaces for the worker inside, and ends as it ended. Never returns."""
    # Its ends of the pipes would keep each side from noticing that the other is gone.
    os.closerange(0, 64)
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
