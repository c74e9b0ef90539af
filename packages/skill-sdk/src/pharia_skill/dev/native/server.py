"""The kernel's routes for skills of this process. One request at a time, on the thread that serves: a debugger stops
there, and ``breakpoint()`` has the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from pharia_skill.builder import SkillType
from pharia_skill.csi import Csi
from pharia_skill.dev.example import example_of, try_it
from pharia_skill.dev.native.events import EventWriter
from pharia_skill.dev.native.live import LiveSkill
from pharia_skill.dev.native.skill import NativeSkill
from pharia_skill.errors import CommandError, InputRejected, PhariaSkillError

_BODY_BYTES = 4 * 1024 * 1024
_CLIENT_SECONDS = 30.0


class NativeServer(HTTPServer):
    """On the loopback interface; ``port`` 0 takes any that is free. Raises :class:`CommandError` when it is taken."""

    def __init__(self, port: int, skills: Mapping[str, LiveSkill], csi: Csi, namespace: str) -> None:
        self.skills = skills
        self.csi = csi
        self.namespace = namespace
        try:
            super().__init__(("127.0.0.1", port), _Request)
        except (OSError, OverflowError) as error:
            raise CommandError(f"port {port} can not be used: {error} (choose another with --port)") from None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def introduction(self) -> Iterator[str]:
        """How to call each skill, or what is wrong with it."""
        for name, live in self.skills.items():
            try:
                description = live.current().description
            except PhariaSkillError as error:
                yield f"{name}: {error}"
                continue
            url = f"{self.url}/v1/skills/{self.namespace}/{name}"
            yield try_it(url, SkillType(description.kind), example_of(dict(description.input_schema)))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that left is nothing to report."""


class _Refused(Exception):
    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _CLIENT_SECONDS
    server: NativeServer

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def _answer(self, method: str) -> None:
        self.close_connection = True  # an idle connection would keep all others waiting
        try:
            self._route(method)
        except _Refused as error:
            self._problem(error.status, error.code, str(error))
        except InputRejected as error:
            text = f"The skill had trouble interpreting the input:\n\n{error}"
            self._problem(400, "skill-rejected-input", text)
        except PhariaSkillError as error:
            _show(error)
            self._problem(400, "skill-reported-error", f"The skill reported an error:\n\n{error}")

    def _route(self, method: str) -> None:
        parts = self.path.partition("?")[0].strip("/").split("/")
        if parts[:3] != ["v1", "skills", self.server.namespace] or len(parts) != 5:
            raise _Refused(404, "not-found", f"no such route: {method} {self.path}")
        name, action = parts[3:]
        live = self.server.skills.get(name)
        if live is None:
            text = (
                f'namespace "{self.server.namespace}" has no skill "{name}"; there is {", ".join(self.server.skills)}'
            )
            raise _Refused(404, "skill-not-found", text)
        match method, action:
            case "GET", "metadata":
                self._send(200, "application/json", json.dumps(_metadata(live.current())).encode())
            case "POST", "run":
                data = self._body()
                self._run(live.current(), data)
            case "POST", "message-stream":
                data = self._body()
                self._stream(live.current(), data)
            case _:
                raise _Refused(405, "method-not-allowed", f"no such route: {method} {self.path}")

    def _run(self, skill: NativeSkill, data: bytes) -> None:
        if skill.output is None:
            raise _Refused(400, "wrong-skill-kind", "the skill is a message stream (call …/message-stream)")
        self._send(200, "application/json", skill.run(self.server.csi, data))

    def _stream(self, skill: NativeSkill, data: bytes) -> None:
        if skill.output is not None:
            raise _Refused(400, "wrong-skill-kind", "the skill is a function (call …/run)")
        self._head(200, "text/event-stream")
        try:
            skill.stream(self.server.csi, EventWriter(self._event), data)
        except PhariaSkillError as error:
            _show(error)
            self._event("error", json.dumps({"message": str(error), "code": error.code}))

    def _event(self, name: str, data: str) -> None:
        self.wfile.write(f"event: {name}\ndata: {data}\n\n".encode())
        self.wfile.flush()

    def _body(self) -> bytes:
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise _Refused(415, "unsupported-media-type", "Expected request with `Content-Type: application/json`")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise _Refused(411, "length-required", "the request needs a Content-Length")
        if len(length) > 18 or int(length) > _BODY_BYTES:
            raise _Refused(413, "payload-too-large", f"the request body has more than {_BODY_BYTES} bytes")
        data = self.rfile.read(int(length))
        try:
            json.loads(data)
        except (ValueError, RecursionError) as error:
            raise _Refused(422, "invalid-json", f"the request body is not JSON: {error}") from None
        return data

    def _problem(self, status: int, code: str, detail: str) -> None:
        problem = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail, "code": code}
        self._send(status, "application/problem+json", json.dumps(problem, ensure_ascii=False).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self._head(status, kind, len(body))
        self.wfile.write(body)

    def _head(self, status: int, kind: str, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()


def _show(error: PhariaSkillError) -> None:
    """For the developer, who has the terminal before them."""
    print(error, file=sys.stderr, flush=True)


def _metadata(skill: NativeSkill) -> dict[str, Any]:
    told = skill.description
    return {
        "description": told.description,
        "version": None,
        "skill_type": "function" if skill.output is not None else "message_stream",
        "input_schema": dict(told.input_schema),
        "output_schema": None if told.output_schema is None else dict(told.output_schema),
    }
