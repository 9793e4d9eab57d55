"""A real HTTP server on loopback that speaks as much of the hub's protocol as its client asks for."""

import hashlib
import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass
class Repository:
    """A model: its files, what its branch stands for, and who may read it."""

    directory: Path
    gated: bool = False
    card: dict[str, Any] = field(default_factory=dict)
    tokens: tuple[str, ...] = ()

    @property
    def commit(self) -> str:
        return hashlib.sha1(str(self.directory).encode(), usedforsecurity=False).hexdigest()

    def files(self) -> list[Path]:
        return sorted(path for path in self.directory.rglob("*") if path.is_file())


class HubServer:
    """Serves repositories by id; `requests` lists what was asked for."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.requests: list[tuple[str, str, str]] = []
        server = self

        class Handler(_Handler):
            hub = server

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: HubServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _answer(self, *, body: bool) -> None:
        path = unquote(urlsplit(self.path).path).strip("/")
        self.hub.requests.append((self.command, path, self.headers.get("range", "")))
        parts = path.split("/")
        api = parts[:2] == ["api", "models"]
        name = "/".join(parts[2:4] if api else parts[:2])
        repository = self.hub.repositories.get(name)
        if repository is None:
            return self._refuse(404, "RepoNotFound", body)
        if api:
            rest = parts[4:]
            if len(rest) >= 2 and rest[1] not in ("main", repository.commit):
                return self._refuse(404, "RevisionNotFound", body)
            return self._json(
                self._tree(repository) if rest[:1] == ["tree"] else self._info(name, repository), body
            )
        if parts[3] not in ("main", repository.commit):
            return self._refuse(404, "RevisionNotFound", body)
        token = self.headers.get("authorization", "").removeprefix("Bearer ")
        if repository.gated and token not in repository.tokens:
            return self._refuse(403 if token else 401, "GatedRepo", body)
        file = repository.directory / "/".join(parts[4:])
        if not file.is_file():
            return self._refuse(404, "EntryNotFound", body)
        return self._file(repository, file, body)

    def _info(self, name: str, repository: Repository) -> dict[str, Any]:
        siblings = [
            {
                "rfilename": str(file.relative_to(repository.directory)),
                "size": file.stat().st_size,
                "blobId": "0" * 40,
            }
            for file in repository.files()
        ]
        gated = "manual" if repository.gated else False
        fields = {"id": name, "modelId": name, "sha": repository.commit, "gated": gated, "private": False}
        return {**fields, "tags": [], "siblings": siblings, "cardData": repository.card}

    def _tree(self, repository: Repository) -> list[dict[str, Any]]:
        return [
            {
                "type": "file",
                "oid": "0" * 40,
                "size": file.stat().st_size,
                "path": str(file.relative_to(repository.directory)),
            }
            for file in repository.files()
        ]

    def _file(self, repository: Repository, file: Path, body: bool) -> None:
        data = file.read_bytes()
        etag = hashlib.sha256(data).hexdigest()
        asked = self.headers.get("range", "")
        whole = len(data)
        if asked.startswith("bytes="):
            first, last = asked.removeprefix("bytes=").split("-")
            start, end = int(first), min(int(last or whole - 1), whole - 1)
            data = data[start : end + 1]
            self.send_response(206)
            self.send_header("content-range", f"bytes {start}-{end}/{whole}")
        else:
            self.send_response(200)
        self.send_header("x-repo-commit", repository.commit)
        self.send_header("etag", f'"{etag}"')
        self.send_header("accept-ranges", "bytes")
        self._end(data, body)

    def _json(self, value: object, body: bool) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self._end(json.dumps(value).encode(), body)

    def _refuse(self, status: int, code: str, body: bool) -> None:
        self.send_response(status)
        self.send_header("x-error-code", code)
        self.send_header("x-error-message", code)
        self._end(json.dumps({"error": code}).encode(), body)

    def _end(self, data: bytes, body: bool) -> None:
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data)
