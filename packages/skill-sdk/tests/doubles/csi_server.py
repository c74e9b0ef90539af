"""The kernel's CSI over HTTP, as a script: every path answers what the test queued for it."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """``body`` is JSON unless it is text."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Events:
    """A stream of these pieces; ``chunked=False`` ends it by closing the connection, ``broken`` in its midst.

    With ``held`` the connection stays open after the last piece, until the other side closes it: then that is set.
    """

    pieces: list[bytes]
    chunked: bool = True
    broken: bool = False
    held: threading.Event | None = None


def event(name: str, **data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def chat_events(*contents: str, reasoning: str | None = None) -> list[bytes]:
    """What a chat stream of the second version looks like."""
    thoughts = [event("reasoning", content=reasoning)] if reasoning is not None else []
    return [
        event("message_begin", role="assistant"),
        *thoughts,
        *(event("message_append", content=content) for content in contents),
        event("message_end", finish_reason="stop"),
        event("usage", usage={"prompt": 14, "completion": len(contents)}),
    ]


class CsiServer:
    """Listens on the loopback interface while it is entered. ``asked`` has every request, in order."""

    def __init__(self, tls: SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        self._answers: defaultdict[str, list[Answer | Events]] = defaultdict(list)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "http" if tls is None else "https"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def address(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def answer(self, path: str, *answers: Answer | Events) -> None:
        """One after the other; the last one again and again. Other paths are 404, as on a kernel without them."""
        self._answers[path] = list(answers)

    @property
    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def _next(self, path: str) -> Answer | Events:
        queued = self._answers[path]
        if not queued:
            return Answer("", 404)
        return queued.pop(0) if len(queued) > 1 else queued[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                server.asked.append(Asked(self.command, self.path, headers, self.rfile.read(length)))
                answer = server._next(self.path)
                if isinstance(answer, Events):
                    self._stream(answer)
                else:
                    self._send(answer)

            do_POST = do_DELETE = do_GET

            def _send(self, answer: Answer) -> None:
                is_text = isinstance(answer.body, str)
                body = answer.body.encode() if is_text else json.dumps(answer.body).encode()
                self.send_response(answer.status)
                self.send_header("Content-Type", "text/plain" if is_text else "application/json")
                self.send_header("Content-Length", str(len(body)))
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def _stream(self, events: Events) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header(*(("Transfer-Encoding", "chunked") if events.chunked else ("Connection", "close")))
                self.end_headers()
                for piece in events.pieces:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if events.chunked else piece)
                if events.held is not None:
                    with suppress(ConnectionResetError):
                        self.connection.recv(1)
                    events.held.set()
                if events.chunked and not events.broken and events.held is None:
                    self.wfile.write(b"0\r\n\r\n")
                else:
                    self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                """Tests look at ``asked``."""

        return Handler
