"""The worker's commands: read when there is time for the next one, or while a child waits for a reply."""

import os
from collections import deque

from acdc.sandbox.inside import wire

_LARGEST = 256 << 20
_CHUNK = 1 << 16


class GoneError(Exception):
    """The trusted side is gone: there is nothing left to do."""


class Inbox:
    """Frames from the trusted side.

    Args:
        fd: Descriptor that they come from.

    Attributes:
        fd: The same.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._decoder = wire.Decoder(_LARGEST)
        self._waiting: deque[wire.Frame] = deque()

    def next(self) -> wire.Frame:
        """Returns the next command, once it is there; replies that came too late are dropped.

        Raises:
            GoneError: There will be none.
        """
        while not self._waiting:
            self.receive()
        return self._waiting.popleft()

    def receive(self) -> None:
        """Reads what there is.

        Raises:
            GoneError: There will be nothing more.
        """
        data = os.read(self.fd, _CHUNK)
        if not data:
            raise GoneError
        self._decoder.feed(data)
        while (frame := self._decoder.next()) is not None:
            self._waiting.append(frame)

    def reply(self, job: int) -> bytes | None:
        """Takes out the reply to what a job asked, if it is there."""
        for frame in self._waiting:
            if frame.kind == wire.REPLY and frame.job == job:
                self._waiting.remove(frame)
                return frame.payload
        return None
