"""An engine in a process of its own, killed when a call overruns: for what a VM can not interrupt.

A worker answers one JSON line per request. It serves one call at a time, callbacks of the host travel back
over the same pipe while it waits. After a kill the next call starts a fresh worker; what the killed one kept
in memory (globals of VMs, caches, sessions) is gone, files and databases stay.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from typing import IO, Any

from luaskills.context import Callbacks
from luaskills.engine.callbacks import NAMES
from luaskills.engine.process_tree import kill_tree
from luaskills.errors import CallFailed, EngineClosed, EngineError, LimitExceeded, SkillNotFound, WorkerFailed
from luaskills.types import CallResult, InvocationContext, Json, SkillRoot

_START_SECONDS = 30.0
_GRACE_SECONDS = 1.0
_BLOCK_BYTES = 1 << 16
_ERRORS: Mapping[str, type[EngineError]] = {"skill_not_found": SkillNotFound, "call_failed": CallFailed}


class WorkerEngine:
    """Calls of one engine in a child process; ``deadline_ms`` bounds each of them, whatever the code does.

    ``options`` are those of :meth:`EngineOptions.parse` in JSON form. Thread safe: calls queue. A context manager.
    """

    def __init__(
        self, options: Json, *, deadline_ms: int, callbacks: Callbacks | None = None, memory_bytes: int | None = None
    ) -> None:
        if deadline_ms <= 0:
            raise ValueError(f"deadline_ms must be positive: {deadline_ms}")
        self._options, self._deadline = options, deadline_ms / 1000
        self._callbacks, self._memory = callbacks, memory_bytes
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._buffer = b""
        self._roots: list[Json] = []
        self._closed = False

    def __enter__(self) -> WorkerEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the worker."""
        with self._lock:
            self._closed = True
            self._kill()

    def load_from_roots(self, roots: Iterable[SkillRoot | Mapping[str, str]]) -> None:
        """As :meth:`Engine.load_from_roots`; a worker started later loads the same roots."""
        chain = [root.to_json() if isinstance(root, SkillRoot) else dict(root) for root in roots]
        self._ask("load_from_roots", [chain], _START_SECONDS)
        self._roots = chain

    def call_skill(self, tool_name: str, args: Json = None, request: InvocationContext | None = None) -> CallResult:
        """As :meth:`Engine.call_skill`; LimitExceeded ``time`` when the worker had to be killed."""
        return CallResult(**self._ask("call_skill", [tool_name, args, _plain(request)], self._deadline))

    def run_lua(self, code: str, args: Json = None, request: InvocationContext | None = None) -> Json:
        """As :meth:`Engine.run_lua`, under the same deadline."""
        return self._ask("run_lua", [code, args, _plain(request)], self._deadline)

    def _ask(self, method: str, arguments: list[Json], seconds: float) -> Json:
        with self._lock:
            if self._closed:
                raise EngineClosed("the engine is closed")
            if self._process is None:
                self._start()
                if self._roots and method != "load_from_roots":
                    self._exchange({"method": "load_from_roots", "arguments": [self._roots]}, _START_SECONDS)
            return self._exchange({"method": method, "arguments": arguments}, seconds + _GRACE_SECONDS, seconds)

    def _start(self) -> None:
        self._buffer = b""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "luaskills.engine.worker_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        registered = [name for name in NAMES if self._callbacks is not None and self._callbacks.get(name)]
        self._exchange(
            {"options": self._options, "callbacks": registered, "memory_bytes": self._memory}, _START_SECONDS
        )

    def _exchange(self, request: Json, seconds: float, shown: float | None = None) -> Json:
        deadline = time.monotonic() + seconds
        try:
            self._send(request)
            while True:
                answer = self._receive(deadline, seconds if shown is None else shown)
                if "callback" not in answer:
                    break
                self._send(self._called_back(answer["callback"], answer["request"]))
        except BaseException:
            self._kill()  # what it would still answer belongs to nobody
            raise
        if answer["ok"]:
            return answer["result"]
        code, message = answer["code"], answer["message"]
        if code.endswith("_limit"):
            raise LimitExceeded(code.removesuffix("_limit"), message)
        raise _ERRORS.get(code, CallFailed if code in ("skill_broken", "result_invalid") else EngineError)(message)

    def _called_back(self, name: str, request: Json) -> Json:
        function = self._callbacks.get(name) if self._callbacks is not None else None
        if function is None:
            return {"ok": False, "message": f"callback {name} is not registered"}
        try:
            return {"ok": True, "result": function(request)}
        except Exception as error:
            return {"ok": False, "message": str(error)}

    def _send(self, message: Json) -> None:
        process = self._running()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(message).encode() + b"\n")
            process.stdin.flush()
        except OSError:
            self._died()

    def _receive(self, deadline: float, shown: float) -> dict[str, Any]:
        process = self._running()
        assert process.stdout is not None
        blocks = [self._buffer]
        while b"\n" not in blocks[-1]:
            readable, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            if not readable:
                self._kill()
                raise LimitExceeded("time", f"execution timed out after {int(shown * 1000)} ms: the worker was killed")
            block = os.read(process.stdout.fileno(), _BLOCK_BYTES)
            if not block:
                self._died()
            blocks.append(block)
        line, _, self._buffer = b"".join(blocks).partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise WorkerFailed("the worker process is gone")
        return self._process

    def _died(self) -> None:
        code = self._running().poll()
        self._kill()
        raise WorkerFailed(f"the worker process died during the call (exit status {code})")

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            kill_tree(process.pid)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            _close(pipe)


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        try:
            pipe.close()
        except OSError:
            pass


def _plain(request: InvocationContext | None) -> Json:
    if request is None:
        return {}
    return {
        "request_context": request.request_context,
        "client_budget": request.client_budget,
        "tool_config": request.tool_config,
    }
