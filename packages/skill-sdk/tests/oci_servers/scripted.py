"""A registry in memory that misbehaves as a test says, in ways the real one does not."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    """With the query."""
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: bool = False
    """Close the connection without a word; what was sent counts all the same."""


Script = Callable[[Asked], Reply | None]
"""``None`` leaves the answer to the registry."""


class ScriptedRegistry:
    """Keeps blobs, manifests and uploads; counts chunks exactly as the distribution specification says."""

    def __init__(self, host: str, script: Script) -> None:
        self.host = host
        self.script = script
        self.asked: list[Asked] = []
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, bytes] = {}
        self.uploads: dict[str, bytearray] = {}

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        scripted = self.script(asked)
        if scripted is not None and not scripted.cut:
            return scripted
        reply = self._reply(asked)
        return reply if scripted is None else scripted

    def _reply(self, asked: Asked) -> Reply:
        parts = urlsplit(asked.path)
        kind, _, name = parts.path.rpartition("/")
        if kind.endswith("/manifests"):
            return self._manifest(asked, name)
        if kind.endswith("/uploads"):
            return self._upload(asked, name, parts.query)
        content = self.blobs.get(name)
        if content is None:
            return Reply(404, body=_error("BLOB_UNKNOWN"))
        start = int(asked.headers.get("Range", "bytes=0-")[6:-1])
        status = 206 if "Range" in asked.headers else 200
        span = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
        return Reply(status, span, content[start:])

    def _manifest(self, asked: Asked, name: str) -> Reply:
        if asked.method == "PUT":
            digest = f"sha256:{hashlib.sha256(asked.body).hexdigest()}"
            self.manifests[name] = self.manifests[digest] = asked.body
            return Reply(201, {"Docker-Content-Digest": digest})
        if name not in self.manifests:
            return Reply(404, body=_error("MANIFEST_UNKNOWN"))
        return Reply(200, {}, self.manifests[name])

    def _upload(self, asked: Asked, name: str, query: str) -> Reply:
        if asked.method == "POST":
            name = str(len(self.asked))
            self.uploads[name] = bytearray()
            return Reply(202, {"Location": f"{urlsplit(asked.path).path}{name}"})
        if name not in self.uploads:
            return Reply(404, body=_error("BLOB_UPLOAD_UNKNOWN"))
        if asked.method == "DELETE":
            del self.uploads[name]
            return Reply(204)
        stored = self.uploads[name]
        if asked.method == "PATCH":
            if asked.headers["Content-Range"].partition("-")[0] != str(len(stored)):
                return Reply(416, _state(asked, stored))
            stored += asked.body
            return Reply(202, _state(asked, stored))
        if asked.method == "GET":
            return Reply(204, _state(asked, stored))
        self.blobs[parse_qs(query)["digest"][0]] = bytes(self.uploads.pop(name))
        return Reply(201)


def _state(asked: Asked, stored: bytes | bytearray) -> dict[str, str]:
    return {"Location": asked.path, "Range": f"0-{max(len(stored) - 1, 0)}"}


def _error(code: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": "as scripted"}]}).encode()


@contextmanager
def scripted_registry(script: Script = lambda asked: None) -> Iterator[ScriptedRegistry]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            reply = registry.answer(Asked(self.command, self.path, dict(self.headers), body))
            if reply.cut:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        registry = ScriptedRegistry(f"http://127.0.0.1:{server.server_address[1]}", script)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield registry
        finally:
            server.shutdown()
            thread.join(10)
