"""The child of :mod:`luaskills.engine.worker`: reads JSON lines, runs one call at a time, answers."""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable
from typing import IO, Any

from luaskills.engine.callbacks import CallbackTable
from luaskills.engine.engine import Engine
from luaskills.engine.options import EngineOptions
from luaskills.errors import EngineError
from luaskills.types import InvocationContext, Json


class Link:
    """The two pipes to the parent."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self._requests, self._answers = requests, answers

    def receive(self) -> dict[str, Any] | None:
        """The next message; None when the parent is gone."""
        line = self._requests.readline()
        message: dict[str, Any] | None = json.loads(line) if line else None
        return message

    def send(self, message: Json) -> None:
        self._answers.write(json.dumps(message).encode() + b"\n")
        self._answers.flush()

    def callback(self, name: str) -> Callable[[Json], Json]:
        """A function that asks the parent."""

        def call(request: Json) -> Json:
            self.send({"callback": name, "request": request})
            answer = self.receive()
            if answer is None:
                raise SystemExit(0)
            if not answer["ok"]:
                raise EngineError(answer["message"])
            return answer["result"]

        return call


def serve(link: Link) -> None:
    """Answer until the parent closes the pipe."""
    first = link.receive()
    if first is None:
        return
    if first["memory_bytes"]:
        resource.setrlimit(resource.RLIMIT_AS, (first["memory_bytes"], first["memory_bytes"]))
    callbacks = CallbackTable()
    for name in first["callbacks"]:
        callbacks.set(name, link.callback(name))
    try:
        engine = Engine(EngineOptions.parse(first["options"]), callbacks)
    except EngineError as error:
        link.send(_failure(error))
        return
    link.send({"ok": True, "result": None})
    with engine:
        while (request := link.receive()) is not None:
            link.send(_answer(engine, request["method"], request["arguments"]))


def _answer(engine: Engine, method: str, arguments: list[Json]) -> Json:
    try:
        if method == "load_from_roots":
            engine.load_from_roots(arguments[0])
            return {"ok": True, "result": None}
        subject, args, request = arguments
        context = InvocationContext(**request)
        if method == "call_skill":
            return {"ok": True, "result": engine.call_skill(subject, args, context).to_json()}
        return {"ok": True, "result": engine.run_lua(subject, args, context)}
    except EngineError as error:
        return _failure(error)


def _failure(error: EngineError) -> Json:
    return {"ok": False, "code": error.code, "message": str(error)}


def main() -> None:
    """Keep the pipes for messages only: what native code prints goes to the log of the parent."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    serve(Link(requests, answers))
    sys.stderr.flush()


if __name__ == "__main__":
    main()
