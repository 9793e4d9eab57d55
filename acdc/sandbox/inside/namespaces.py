"""Namespaces of its own for the worker, where the system allows them: no network, no other processes, no files.

First as whoever we are (root in a container may), then by way of a user namespace. The worker becomes process 1 of a new process
namespace: what it leaves behind dies with it, and nothing inside can signal what is outside. Its root is an empty, read-only
file system without a /proc.
"""

import contextlib
import ctypes
import os
from pathlib import Path

from acdc.sandbox.inside import linux

_NEW_MOUNT, _NEW_CGROUP, _NEW_UTS, _NEW_IPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
_NEW_USER, _NEW_PID, _NEW_NET = 0x10000000, 0x20000000, 0x40000000
_ALL_BUT_USER = _NEW_MOUNT | _NEW_CGROUP | _NEW_UTS | _NEW_IPC | _NEW_PID | _NEW_NET
_MS_PRIVATE, _MS_READ_ONLY_EMPTY, _DETACH = 0x44000, 0x1 | 0x2 | 0x4 | 0x8, 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
NOBODY = 65534


def enter() -> bool:
    """Moves this process into new namespaces, as whoever we are.

    Returns:
        Whether it worked. If so, the *next* process that is forked is process 1 inside.
    """
    return bool(linux.LIBC.unshare(_ALL_BUT_USER) == 0)


def enter_as_user() -> bool:
    """Moves this process into new namespaces by way of a user namespace, in which it is nobody.

    Returns:
        Whether it worked.
    """
    user, group = os.geteuid(), os.getegid()
    # The maps cannot be written by a process that gave up root and has not said that it may be looked at.
    with contextlib.suppress(OSError):
        linux.prctl(linux.PR_SET_DUMPABLE, 1)
    if linux.LIBC.unshare(_ALL_BUT_USER | _NEW_USER) != 0:
        return False
    with contextlib.suppress(OSError):
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{NOBODY} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{NOBODY} {group} 1")
    return True


def empty_root() -> bool:
    """Replaces the root directory by an empty one. To be called inside, in a mount namespace of our own.

    Returns:
        Whether it worked; if not, the files that were there are still there.
    """
    libc, here = linux.LIBC, ctypes.create_string_buffer(b".")
    if libc.mount(b"none", b"/", None, ctypes.c_ulong(_MS_PRIVATE), None) != 0:
        return False
    if libc.mount(b"none", b"/proc", b"tmpfs", ctypes.c_ulong(_MS_READ_ONLY_EMPTY), b"size=4k,mode=555") != 0:
        return False
    try:
        os.chdir("/proc")
        linux.syscall(_PIVOT_ROOT[linux.MACHINE], here, here)
        linux.checked(libc.umount2(b".", _DETACH), "umount2")
        os.chdir("/")
    except OSError:
        return False
    return True
