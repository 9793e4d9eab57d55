"""Frames between the trusted side and the worker, and between the worker and its child.

A frame is a job number, one byte that says what it is, and a payload. Nothing is ever unpickled; payloads are JSON, but for
compiled code, which travels between children of the same source only.
"""

import os
import struct
from typing import NamedTuple

HEADER = struct.Struct(">IcI")
"""Job number, kind, length of the payload in bytes."""
SEALED = struct.Struct(">16scI")
"""What a child writes: the seal of its job, kind, length of the payload in bytes."""
SECONDS = struct.Struct(">d")
"""Before the payload of an outcome: how long the child ran."""

HELLO, START, SOURCE, JOB = b"H", b"S", b"T", b"J"
RESULT, FAULT, CALL, REPLY = b"R", b"E", b"C", b"A"


class Frame(NamedTuple):
    """One message.

    Attributes:
        job: Number of the job it belongs to, 0 for none.
        kind: One of this module's constants.
        payload: The bytes that came with it.
    """

    job: int
    kind: bytes
    payload: bytes


class BrokenFrameError(ValueError):
    """The other side sent what is no frame, or a longer one than allowed."""


def pack(job: int, kind: bytes, payload: bytes) -> bytes:
    """Returns the bytes of one frame."""
    return HEADER.pack(job, kind, len(payload)) + payload


def write_all(fd: int, data: bytes) -> None:
    """Writes everything to a blocking descriptor.

    Raises:
        OSError: The other end is gone.
    """
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


class Decoder:
    """Cuts a stream of bytes into frames.

    Args:
        largest: Longest payload that is accepted, in bytes.
    """

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Adds bytes as they came."""
        self._buffer += data

    def next(self) -> Frame | None:
        """Returns the next complete frame, or None.

        Raises:
            BrokenFrameError: The next frame is longer than allowed.
        """
        if len(self._buffer) < HEADER.size:
            return None
        job, kind, length = HEADER.unpack_from(self._buffer)
        if length > self._largest:
            raise BrokenFrameError(f"a frame of {length} bytes, at most {self._largest} are allowed")
        end = HEADER.size + length
        if len(self._buffer) < end:
            return None
        payload = bytes(self._buffer[HEADER.size : end])
        del self._buffer[:end]
        return Frame(job, kind, payload)


class SealedDecoder:
    """Cuts what a child wrote into (kind, payload), and refuses what does not bear its seal.

    Args:
        seal: The 16 random bytes that the child's trusted part was given.
        largest: Longest payload that is accepted, in bytes.
    """

    def __init__(self, seal: bytes, largest: int) -> None:
        self._seal = seal
        self._largest = largest
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Adds bytes as they came."""
        self._buffer += data

    @property
    def started(self) -> bool:
        """Whether bytes are there that make no whole message yet."""
        return bool(self._buffer)

    def next(self) -> tuple[bytes, bytes] | None:
        """Returns the next (kind, payload), or None.

        Raises:
            BrokenFrameError: The bytes do not begin with the seal.
            OverflowError: The message is longer than allowed.
        """
        if self._buffer[:16] != self._seal[: len(self._buffer)]:
            raise BrokenFrameError("bytes without the job's seal on the result channel")
        if len(self._buffer) < SEALED.size:
            return None
        _, kind, length = SEALED.unpack_from(self._buffer)
        if length > self._largest:
            raise OverflowError(f"a result of {length} bytes, at most {self._largest} are allowed")
        end = SEALED.size + length
        if len(self._buffer) < end:
            return None
        payload = bytes(self._buffer[SEALED.size : end])
        del self._buffer[:end]
        return kind, payload
