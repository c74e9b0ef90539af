"""A process that runs entries of one package, one call at a time, until the kernel ends it."""

from __future__ import annotations

import logging
import os
import resource
import socket
from collections.abc import Mapping
from typing import Any

import msgspec

from luaskills.engine.callbacks import CallbackTable
from luaskills.engine.engine import Engine
from luaskills.engine.options import EngineOptions
from luaskills.errors import EngineError
from luaskills.types import CallResult, InvocationContext
from pharia_kernel.runtimes.lua.child.link import GuestLines, Link
from pharia_kernel.runtimes.lua.child.messages import Call, Done, Failed, Load, Ready

_COMPILES = "local f, reason = load(args.source, '=' .. args.name, 't') return reason"
_GROWN_BYTES = 96 * 1024 * 1024
_NICENESS = 5
"""So that skills that compute leave the event loop its turn."""


def serve(connection: socket.socket) -> None:
    """Returns never: ends with :class:`SystemExit` when the kernel closes the connection."""
    link = Link(connection)
    first = link.receive()
    assert isinstance(first, Load)
    os.nice(_NICENESS)
    _bound(first.address_bytes)
    lines = GuestLines(link)
    log = logging.getLogger("luaskills.runtime")
    log.handlers, log.propagate = [lines], False
    log.setLevel(logging.DEBUG)
    try:
        worker = Worker(first, link, lines, log)
        link.send(Ready(worker.broken()))
    except (EngineError, OSError, MemoryError) as error:
        link.send(Failed(getattr(error, "code", "worker_failed"), str(error)))
        return
    worker.prepare()
    while True:
        call = link.receive()
        assert isinstance(call, Call)
        link.send(worker.answer(call))
        worker.prepare()


class Worker:
    """Raises :class:`EngineError` for a package that can not be served."""

    def __init__(self, load: Load, link: Link, lines: GuestLines, log: logging.Logger) -> None:
        self._load, self._lines, self._log = load, lines, log
        self._callbacks = CallbackTable()
        for name in load.callbacks:
            self._callbacks.set(name, link.function(name))
        self._engine = self._made(None)
        self._fresh = self._engine.options.isolation == "fresh"
        self._most_resident = _resident() + _GROWN_BYTES

    def broken(self) -> dict[str, str]:
        """Entries that do not compile, by canonical name."""
        found: dict[str, str] = {}
        for name, bound in self._engine.catalog.entries.items():
            reason = self._engine.run_lua(_COMPILES, {"source": bound.source, "name": bound.chunk_name})
            if isinstance(reason, str):
                found[name] = reason
        return found

    def prepare(self) -> None:
        """Make the VM of the next call, while nobody waits for it."""
        first = next(iter(self._engine.catalog.entries), None)
        if self._fresh and first is not None:
            self._engine.prepare(first)  # all entries of a package share their VMs

    def answer(self, call: Call) -> Done | Failed:
        self._lines.begin(call.log_bytes)
        try:
            result = msgspec.json.encode(_plain(self._called(call)))
        except EngineError as error:
            return Failed(error.code, str(error), self._worn, self._lines.end())
        except MemoryError:
            return Failed("memory_limit", "not enough memory", True, self._lines.end())
        except Exception as error:  # of the engine, which nobody can go on with
            return Failed("worker_failed", f"{type(error).__name__}: {error}", True, self._lines.end())
        if len(result) > call.output_bytes:
            text = f"the answer has {len(result):,} bytes; a call may answer {call.output_bytes:,}"
            return Failed("output", text, self._worn, self._lines.end())
        return Done(msgspec.Raw(result), self._worn, self._lines.end())

    def _called(self, call: Call) -> CallResult:
        context = InvocationContext(request_context=call.request)
        arguments = msgspec.json.decode(call.arguments)
        if call.memory_bytes is None:
            return self._engine.call_skill(call.tool, arguments, context)
        with self._made(call.memory_bytes) as engine:
            return engine.call_skill(call.tool, arguments, context)

    def _made(self, memory_bytes: int | None) -> Engine:
        options = self._load.options
        if memory_bytes is not None:
            options = _with_memory(options, memory_bytes)
        engine = Engine(EngineOptions.parse(options), self._callbacks, self._log)
        engine.load_from_roots([{"name": "ROOT", "skills_dir": self._load.skills_dir}])
        if not engine.catalog.entries:
            raise EngineError(self._lines.complaint or "the package has no entries")
        return engine

    @property
    def _worn(self) -> bool:
        return _resident() > self._most_resident or _has_children()


def _with_memory(options: Mapping[str, Any], memory_bytes: int) -> dict[str, Any]:
    host = options["host_options"]
    return {**options, "host_options": {**host, "limits": {**host["limits"], "memory_bytes": memory_bytes}}}


def _plain(result: CallResult) -> object:
    """The text alone, where the entry returned nothing else."""
    if result.overflow_mode is None and result.template_hint is None and result.host_result is None:
        return result.content
    return result.to_json()


def _has_children() -> bool:
    """Programs that a call left: they end with this process."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _resident() -> int:
    return _pages(1)


def _pages(column: int) -> int:
    """In bytes; 0 where there is no such file."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[column]) * resource.getpagesize()
    except OSError:
        return 0


def _bound(more_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    used = _pages(0)
    if used:
        resource.setrlimit(resource.RLIMIT_AS, (used + more_bytes, used + more_bytes))
