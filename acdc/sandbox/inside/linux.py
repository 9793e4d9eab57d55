"""The few calls of the C library that Python has no name for.

Every function raises OSError with the kernel's own number, so that the caller can tell "not here" from "not allowed".
"""

import ctypes
import os
import platform

MACHINE = platform.machine()
LIBC = ctypes.CDLL(None, use_errno=True)

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 22, 24
PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
SECCOMP_MODE_FILTER = 2


def checked(result: int, what: str) -> int:
    """Returns the result of a C call.

    Raises:
        OSError: The result is negative; carries errno.
    """
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def prctl(option: int, value: int, third: int = 0, fourth: int = 0, fifth: int = 0) -> int:
    """Asks the kernel to change a property of this process, with integer arguments."""
    words = [ctypes.c_ulong(word) for word in (value, third, fourth, fifth)]
    return checked(LIBC.prctl(option, *words), f"prctl {option}")


def syscall(number: int, *arguments: "int | ctypes.Array[ctypes.c_char] | None") -> int:
    """Makes a system call by its number; integers go as longs, buffers as pointers."""
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    return checked(LIBC.syscall(ctypes.c_long(number), *words), f"system call {number}")
