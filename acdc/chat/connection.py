"""The HTTP client of an endpoint: no redirects, and no reply larger than was allowed.

A body is cut off while it comes, so that one that never ends costs time (until the call's timeout) but no memory.
"""

import os
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from acdc.chat.settings import EndpointSettings
from acdc.errors import InfrastructureError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_SQUEEZED = 20  # how much larger a compressed body may be when it is unpacked; none is asked for, some proxies send it all the same


class ReplyTooLargeError(ValueError):
    """More came than any reply needs."""


def open_client(settings: EndpointSettings) -> "AsyncOpenAI":
    """A client for one endpoint; the caller closes it."""
    import openai

    http = openai.DefaultAsyncHttpxClient(
        follow_redirects=False,
        timeout=settings.timeout,
        headers={"Accept-Encoding": "identity"},
        event_hooks={"response": [_limited_to(settings.reply_mb)]},
    )
    return openai.AsyncOpenAI(
        base_url=settings.base_url, api_key=key_of(settings), max_retries=0, http_client=http
    )


def key_of(settings: EndpointSettings) -> str:
    """The key from the environment; a word in its place for endpoints that want none. White space around it is no part of it.

    Raises:
        InfrastructureError: It cannot be sent. The message does not show it; the HTTP client's own would.
    """
    key = os.environ.get(settings.key_env, "").strip()
    if not key.isascii() or not key.isprintable():
        raise InfrastructureError(
            f"the environment variable {settings.key_env} holds line breaks or characters that a key cannot have; set it to the key alone"
        )
    return key or "none"


def without_key(said: str, settings: EndpointSettings) -> str:
    """What an endpoint says, without the key."""
    key = os.environ.get(settings.key_env, "").strip()
    return said.replace(key, "[key]") if key else said


def _limited_to(megabytes: float) -> Any:
    """A hook that lets a response's body grow to so many megabytes and no further."""
    import httpx2  # what openai speaks HTTP with

    class Limited(httpx2.AsyncByteStream):
        def __init__(self, stream: Any, most: int) -> None:
            self._stream, self._left = stream, most

        async def __aiter__(self) -> AsyncIterator[bytes]:
            async for part in self._stream:
                self._left -= len(part)
                if self._left < 0:
                    raise ReplyTooLargeError(f"more than reply_mb = {megabytes:g} MB for one reply")
                yield part

        async def aclose(self) -> None:
            await self._stream.aclose()

    async def limit(response: httpx2.Response) -> None:
        packed = response.headers.get("content-encoding", "identity") not in ("", "identity")
        response.stream = Limited(response.stream, int(megabytes * 1e6 / (_SQUEEZED if packed else 1)))

    return limit
