"""The eight attacks of the probe, run as an answer's code inside: each returns whether it got through.

They go through the C library rather than through modules that might not be there: the kernel is what is probed.
"""

import ctypes
import os

LIBC = ctypes.CDLL(None)
AF_INET, STREAM, DATAGRAM = 2, 1, 2


def harmless():  # type: ignore[no-untyped-def]
    """Computes something: what stops this protects nobody."""
    return sum(range(100))


def read(path):  # type: ignore[no-untyped-def]
    """Opens a file of the host."""
    return LIBC.open(path.encode(), os.O_RDONLY) >= 0


def write(path):  # type: ignore[no-untyped-def]
    """Creates a file on the host."""
    return LIBC.open(path.encode(), os.O_WRONLY | os.O_CREAT, 0o600) >= 0


def tcp(port):  # type: ignore[no-untyped-def]
    """Connects to a port of the host."""
    address = AF_INET.to_bytes(2, "little") + port.to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)
    return LIBC.connect(LIBC.socket(AF_INET, STREAM, 0), address, 16) == 0


def udp(port):  # type: ignore[no-untyped-def]
    """Sends a datagram to a port of the host."""
    address = AF_INET.to_bytes(2, "little") + port.to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)
    return LIBC.sendto(LIBC.socket(AF_INET, DATAGRAM, 0), b"x", 1, 0, address, 16) == 1


def fork():  # type: ignore[no-untyped-def]
    """Makes another process."""
    pid = LIBC.fork()
    if pid == 0:
        os._exit(0)
    return pid > 0


def execute(path):  # type: ignore[no-untyped-def]
    """Becomes another program."""
    arguments = (ctypes.c_char_p * 2)(path.encode(), None)
    LIBC.execv(path.encode(), arguments)
    return False


def signal(pid):  # type: ignore[no-untyped-def]
    """Asks whether the trusted process could be signalled."""
    return LIBC.kill(pid, 0) == 0


def memory(size):  # type: ignore[no-untyped-def]
    """Takes more memory than allowed."""
    return len(bytearray(size)) == size
