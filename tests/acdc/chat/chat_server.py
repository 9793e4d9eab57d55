"""A real HTTP server on loopback that speaks chat completions, and misbehaves on request."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "right-key"
MODEL = "tester"


@dataclass
class Answer:
    """What the server sends; ``trouble`` is reset, closes (after the answer, unannounced), endless (byte by byte) or
    flood (as fast as it is read)."""

    text: str = "yes"
    status: int = 200
    finish: str = "stop"
    headers: dict[str, str] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    raw: bytes | None = None
    trouble: str = ""
    delay: float = 0.0
    prompt_tokens: int = 10
    tokens: int = 5
    counts: bool = True  # False: no `usage` in the reply


@dataclass
class ChatServer:
    """Answers each request by ``answer(body, number)``; number counts requests from 0."""

    answer: Callable[[dict[str, Any], int], Answer]
    lists_models: bool = True
    key: str | None = KEY  # None: any will do
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    models: Answer | None = None  # in place of a list of models
    embed: Callable[[str], list[float] | Answer] | None = None  # what /embeddings says of a text
    embedded: list[str] = field(default_factory=list)
    sockets: int = 0
    most_sockets: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    doomed = False  # the connection closes when it is used again
    chat: ChatServer

    def setup(self) -> None:
        super().setup()
        with self.chat.lock:
            self.chat.sockets += 1
            self.chat.most_sockets = max(self.chat.most_sockets, self.chat.sockets)

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        with self.chat.lock:
            self.chat.sockets -= 1

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path != "/v1/models" or not self.chat.lists_models:
            self._send(Answer(status=404, error={"message": "no such path"}))
        elif self.chat.models is not None:
            self._send(self.chat.models)
        elif self._key_is_right():
            self._write(
                200, {}, json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]}).encode()
            )

    def do_POST(self) -> None:
        if self.doomed:
            self.close_connection = True
            return
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/v1/embeddings" and self.chat.embed is not None and self._key_is_right():
            self._embed(body)
        elif self.path != "/v1/chat/completions":
            self._send(Answer(status=404, error={"message": "no such path"}))
        elif self._key_is_right():
            if body["model"] != MODEL:
                code = {"message": f"The model {body['model']} does not exist", "code": "model_not_found"}
                self._send(Answer(status=404, error=code))
                return
            with self.chat.lock:
                number = len(self.chat.asked)
                self.chat.asked.append(body)
            self._send(self.chat.answer(body, number))

    def _embed(self, body: dict[str, Any]) -> None:
        assert self.chat.embed is not None
        with self.chat.lock:
            self.chat.embedded += body["input"]
        if max(map(len, body["input"])) > 2000:
            self._send(Answer(status=400, error={"message": "maximum context length exceeded"}))
            return
        vectors = [self.chat.embed(text) for text in body["input"]]
        if isinstance(vectors[0], Answer):
            self._send(vectors[0])
            return
        data = [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(vectors)]
        usage = {"prompt_tokens": 7, "total_tokens": 7}
        content = {"object": "list", "model": f"{body['model']}-2026", "data": data, "usage": usage}
        self._write(200, {}, json.dumps(content).encode())

    def _key_is_right(self) -> bool:
        right = self.chat.key is None or self.headers.get("Authorization") == f"Bearer {self.chat.key}"
        if not right:
            self._send(Answer(status=401, error={"message": "wrong key", "code": "invalid_api_key"}))
        return right

    def _send(self, answer: Answer) -> None:
        time.sleep(answer.delay)
        if answer.trouble == "reset":
            linger = struct.pack("ii", 1, 0)  # closing sends RST
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.connection.close()
        elif answer.trouble == "closes":
            self._write(answer.status, answer.headers, answer.raw or b"")
            self.doomed = True
        elif answer.trouble:
            self._drip(answer)
        elif answer.raw is not None:
            self._write(answer.status, answer.headers, answer.raw)
        elif answer.error is not None:
            self._write(answer.status, answer.headers, json.dumps({"error": answer.error}).encode())
        else:
            message = {"role": "assistant", "content": answer.text}
            done: dict[str, Any] = {
                "id": "x",
                "object": "chat.completion",
                "created": 1,
                "model": f"{MODEL}-2026",
                "choices": [{"index": 0, "message": message, "finish_reason": answer.finish}],
            }
            if answer.counts:
                done["usage"] = {
                    "prompt_tokens": answer.prompt_tokens,
                    "completion_tokens": answer.tokens,
                    "total_tokens": answer.prompt_tokens + answer.tokens,
                }
            self._write(answer.status, answer.headers, json.dumps(done).encode())

    def _drip(self, answer: Answer) -> None:
        """A reply that never ends: no pause is long enough for a read timeout."""
        part, pause, times = (
            (b" ", 0.02, 1000) if answer.trouble == "endless" else (b" " * 100_000, 0.0, 2000)
        )
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "1000000000")
        self.end_headers()
        self.close_connection = True
        try:
            for _ in range(times):
                self.wfile.write(part)
                self.wfile.flush()
                time.sleep(pause)
        except OSError:
            return

    def _write(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the tests."""


@contextmanager
def serving(
    answer: Callable[[dict[str, Any], int], Answer], *, lists_models: bool = True, key: str | None = KEY
) -> Iterator[ChatServer]:
    """A server on a free port of loopback."""
    chat = ChatServer(answer, lists_models, key)
    handler = type("Handler", (_Handler,), {"chat": chat})
    server = _Server(("127.0.0.1", 0), handler)
    chat.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield chat
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
