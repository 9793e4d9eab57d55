"""The allow-list of system calls: what computing, and reporting one result, need.

Everything else fails with EPERM, so that library code that merely looks around goes on; what only an attack asks for ends the
process. A child has one thread and no way to get another, no way to open or duplicate a descriptor, and no way to make
memory executable. Numbers: Linux arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h (aarch64).
"""

import ctypes
import errno
import struct

from acdc.sandbox.inside import linux

ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""Machine -> (AUDIT_ARCH constant, column of the tables below)."""

ALLOWED: dict[str, tuple[int | None, int | None]] = {
    # Most frequent first: the filter is walked from the top.
    "futex": (202, 98),
    "read": (0, 63),
    "write": (1, 64),
    "munmap": (11, 215),
    "brk": (12, 214),
    "madvise": (28, 233),
    "mremap": (25, 216),
    "exit_group": (231, 94),
    "exit": (60, 93),
    "close": (3, 57),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "getrandom": (318, 278),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "sched_yield": (24, 124),
    "getrusage": (98, 165),
    "times": (100, 153),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "gettid": (186, 178),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
}

NOT_EXECUTABLE = {"mmap": (9, 222), "mprotect": (10, 226)}
"""Allowed where the third argument lacks PROT_EXEC."""

DEADLY: dict[str, tuple[int | None, int | None]] = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kill": (62, 129),
    "tkill": (200, 130),
    "pidfd_send_signal": (424, 424),
    "rt_sigqueueinfo": (129, 138),
    "execve": (59, 221),
    "execveat": (322, 281),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "keyctl": (250, 219),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
    "reboot": (169, 142),
}

_LOAD, _EQUAL, _AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_NUMBER, _ARCH, _THIRD_ARGUMENT = 0, 4, 32
_PROT_EXEC = 4
_X32 = 0x40000000
_ALLOW, _KILL, _DENY = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
_NO_SUCH_CALL = 0x00050000 | errno.ENOSYS
_CLONE3 = 435


def supported(machine: str = linux.MACHINE) -> bool:
    """Whether there is a table of system calls for this machine."""
    return machine in ARCHITECTURES


def program(machine: str = linux.MACHINE) -> bytes:
    """Returns the filter as an array of struct sock_filter.

    Args:
        machine: As platform.machine() prints it.

    Raises:
        KeyError: There is no table for this machine.
    """
    arch, column = ARCHITECTURES[machine]
    lines = [(_LOAD, 0, 0, _ARCH), (_EQUAL, 1, 0, arch), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, _NUMBER)]
    if machine == "x86_64":
        # The x32 ABI reaches the same calls by other numbers.
        lines += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _KILL)]

    def numbers(table: dict[str, tuple[int | None, int | None]]) -> list[int]:
        return [number for number in (row[column] for row in table.values()) if number is not None]

    for row in NOT_EXECUTABLE.values():
        lines += [(_EQUAL, 0, 5, row[column])]
        lines += [(_LOAD, 0, 0, _THIRD_ARGUMENT), (_AND, 0, 0, _PROT_EXEC), (_EQUAL, 0, 1, 0)]
        lines += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _DENY)]
    for number in numbers(ALLOWED):
        lines += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    for number in numbers(DEADLY):
        lines += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _KILL)]
    # The C library falls back from clone3 to clone only where clone3 seems not to exist.
    lines += [(_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _NO_SUCH_CALL), (_RETURN, 0, 0, _DENY)]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


class Filter:
    """A filter that is laid out in memory once and installed in each child by one call."""

    def __init__(self) -> None:
        code = program()
        self._program = _Program(len(code) // 8, code)
        self._address = ctypes.addressof(self._program)

    def install(self) -> None:
        """Puts the calling thread under the filter, for good.

        Raises:
            OSError: The kernel has no seccomp filters, or privileges could still be gained.
        """
        linux.prctl(linux.PR_SET_SECCOMP, linux.SECCOMP_MODE_FILTER, self._address)
