"""What servers do that they should not, over HTTP by kind, and on standard output."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

_INTRODUCTION = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "liar", "version": "0"},
}
_EVENTS = "text/event-stream"
_TOOL = {"name": "lie", "inputSchema": {"type": "object"}}
_counts: dict[str, int] = {}


def _event(message: Any, id: str | None = None) -> bytes:
    text = "" if message is None else json.dumps(message)
    return (f"id: {id}\r\nretry: 0\r\n" if id else "").encode() + f"event: message\r\ndata: {text}\r\n\r\n".encode()


def _events(*parts: bytes) -> Response:
    async def body() -> AsyncIterator[bytes]:
        for part in parts:  # as a bad network would bring them
            for at in range(0, len(part), 7):
                yield part[at : at + 7]

    return StreamingResponse(body(), media_type=_EVENTS)


async def _endless(part: bytes) -> AsyncIterator[bytes]:
    while True:
        yield part
        await asyncio.sleep(0)


def _json(id: Any, **members: Any) -> Response:
    return JSONResponse({"jsonrpc": "2.0", "id": id, **members})


def _texts(*texts: Any) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text} for text in texts]}


def _progress(id: Any) -> dict[str, Any]:
    params = {"progressToken": id, "progress": 1}
    return {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}


def _asks(id: Any, headers: Any) -> Response:
    questions: list[Any] = [
        _progress("x" * 100_000),
        {"jsonrpc": "2.0", "id": "y" * 1000, "result": {}},
        {"jsonrpc": "2.0", "id": "q1", "method": "ping"},
        {"jsonrpc": "2.0", "id": "q2", "method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 1}},
        {"jsonrpc": "2.0", "id": "q3", "method": "no/such"},
        {"jsonrpc": "2.0", "method": "no/such"},
    ]
    answer = {"jsonrpc": "2.0", "id": str(id), "result": _texts("you told me nothing")}
    return _events(*map(_event, questions), b": a comment\n\n", b"event: other\ndata: {\n\n", _event(answer))


def _fails(status: int) -> Callable[[Any, Any], Response]:
    error = {"code": -32000, "message": "no, Bearer s3cret"}
    return lambda id, headers: JSONResponse({"jsonrpc": "2.0", "id": "x", "error": error}, status)


CALLS: dict[str, Callable[[Any, Any], Response]] = {
    "text": lambda id, headers: Response("hello", media_type="application/json"),
    "html": lambda id, headers: Response("<p>hello", media_type="text/html"),
    "accepted": lambda id, headers: Response(status_code=202),
    "wrong-id": lambda id, headers: _json(4711, result=_texts("for another")),
    "wrong-shape": lambda id, headers: _json(id, result={"content": "hello"}),
    "no-result": lambda id, headers: JSONResponse({"jsonrpc": "2.0", "id": id}),
    "strange-content": lambda id, headers: _json(
        id, result={"content": [{"type": "hologram"}, {"type": "text", "text": 5}, "x", {"type": "resource"}]}
    ),
    "structured": lambda id, headers: _json(id, result={"structuredContent": {"ä": [1]}}),
    "empty": lambda id, headers: _json(id, result={}),
    "silent-failure": lambda id, headers: _json(id, result={"isError": True}),
    "huge": lambda id, headers: StreamingResponse(_endless(b" " * 65536), media_type="application/json"),
    "huge-events": lambda id, headers: StreamingResponse(
        _endless(_event(_progress(id))), media_type="text/event-stream"
    ),
    "huge-line": lambda id, headers: StreamingResponse(_endless(b"data" * 9999), media_type=_EVENTS),
    "cut": lambda id, headers: _events(_event(_progress(id))),
    "asks": _asks,
    "resumed": lambda id, headers: _events(_event(None, id=f"{id}")),
    "unauthorized": _fails(401),
    "busy": _fails(503),
    "echo": lambda id, headers: _json(id, error={"code": 1, "message": f"you are {headers.get('authorization')}"}),
    "circle": lambda id, headers: RedirectResponse("/lies/circle", 307),
    "elsewhere": lambda id, headers: RedirectResponse("http://localhost:1/", 307),
    "known-elsewhere": lambda id, headers: RedirectResponse("/lies/structured", 308),
}
LISTS: dict[str, Callable[[Any], Response]] = {
    "list-shape": lambda id: _json(id, result={"tools": "none"}),
    "list-part": lambda id: _json(
        id, result={"tools": [_TOOL, {"name": ""}, 5, {"name": "bare"}, {"name": "x", "inputSchema": 1}, _TOOL]}
    ),
    "same-page": lambda id: _json(id, result={"tools": [_TOOL], "nextCursor": "again"}),
    "list-error": lambda id: _json(id, error={"code": -32601, "message": "no lists here"}),
}
INTRODUCTIONS: dict[str, Any] = {
    "old-version": {**_INTRODUCTION, "protocolVersion": "1999-01-01"},
    "no-introduction": {"hello": "you"},
}


async def lie(request: Request) -> Response:
    kind = request.path_params["kind"]
    if request.method == "GET":
        id = request.headers.get("last-event-id")
        if id is None:
            return Response(status_code=405)
        return _events(_event({"jsonrpc": "2.0", "id": int(id), "result": _texts("at last")}))
    message = await request.json()
    id, method = message.get("id"), message.get("method")
    if method == "initialize":
        if kind == "silence":
            await asyncio.Event().wait()
        return _json(id, result=INTRODUCTIONS.get(kind, _INTRODUCTION))
    if method == "tools/list":
        if kind == "list-silence":
            await asyncio.Event().wait()
        return LISTS[kind](id) if kind in LISTS else _json(id, result={"tools": [_TOOL]})
    if method == "tools/call":
        return CALLS.get(kind, CALLS["empty"])(id, request.headers)
    return Response(status_code=202)


routes = [Route("/lies/{kind}", lie, methods=["GET", "POST"])]


def speak() -> None:
    """On standard output: an introduction, a list, and then a line without end."""
    for line in sys.stdin:
        message = json.loads(line)
        id, method = message.get("id"), message.get("method")
        if method == "tools/call":
            while True:
                sys.stdout.write("x" * 65536)
        elif id is not None:
            result = _INTRODUCTION if method == "initialize" else {"tools": [_TOOL]}
            print(json.dumps({"jsonrpc": "2.0", "id": id, "result": result}), flush=True)
