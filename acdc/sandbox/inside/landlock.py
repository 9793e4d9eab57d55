"""Landlock, deny all: no file, no TCP, no signal to the outside, as far as the kernel's ABI knows them.

Works without any right and without configuration, from Linux 5.13 on. Source: Documentation/userspace-api/landlock.rst.
"""

import ctypes
import os
import struct

from acdc.sandbox.inside import linux

_CREATE, _RESTRICT = 444, 446
_ASK_VERSION = 1
_FILES_BY_ABI = {1: 13, 2: 14, 3: 15, 4: 15}
_FILES_NEWEST = 16
_TCP = 0b11
_SCOPES = 0b11


def abi() -> int:
    """Returns the kernel's Landlock ABI, 0 where there is none."""
    try:
        return linux.syscall(_CREATE, None, 0, _ASK_VERSION)
    except OSError:
        return 0


def deny_all(version: int) -> int:
    """Creates a rule set that handles every right and grants none.

    Args:
        version: The kernel's ABI, at least 1.

    Returns:
        A descriptor of the rule set.

    Raises:
        OSError: The kernel refuses.
    """
    files = (1 << _FILES_BY_ABI.get(version, _FILES_NEWEST)) - 1
    words = [files]
    if version >= 4:
        words.append(_TCP)
    if version >= 6:
        words.append(_SCOPES)
    attributes = ctypes.create_string_buffer(struct.pack(f"={len(words)}Q", *words), 8 * len(words))
    fd = linux.syscall(_CREATE, attributes, 8 * len(words), 0)
    os.set_inheritable(fd, False)
    return fd


def restrict(ruleset: int) -> None:
    """Puts the calling thread under the rule set, for good. Domains nest: a child's own domain shields its parent from it.

    Raises:
        OSError: The kernel refuses, for instance because privileges could still be gained.
    """
    linux.syscall(_RESTRICT, ruleset, 0)
