"""The host functions of ``pharia:skill``, made from the table for whatever version a component imports."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from pharia_kernel.errors import SkillLoadError
from pharia_kernel.runtimes.wasm.host.errors import HostError
from pharia_kernel.runtimes.wasm.host.execution import Execution
from pharia_kernel.runtimes.wasm.host.functions import HostFunction, Wait
from pharia_kernel.runtimes.wasm.host.types import Interface
from pharia_kernel.runtimes.wasm.worlds.guest import Guest, StreamOutput
from pharia_kernel.runtimes.wasm.worlds.lines import PACKAGE, UNVERSIONED, Line, admit, lines
from pharia_kernel.runtimes.wasm.worlds.part_stream import PartStream
from pharia_kernel.runtimes.wasm.worlds.table import ROWS, STREAM_ROWS, Row, StreamRow, find
from pharia_kernel.types import MessageAppend, MessageBegin, MessageEnd, OutputItem, Reasoning

_NAME = re.compile(re.escape(PACKAGE) + r"/([a-z-]+)(?:@(.+))?")

_ITEMS: dict[str, Callable[[Any], OutputItem]] = {
    "message-begin": lambda _: MessageBegin(),
    "message-append": MessageAppend,
    "message-end": lambda payload: MessageEnd() if payload is None else MessageEnd(msgspec.Raw(payload)),
    "reasoning": Reasoning,
}


def provide_csi(name: str, interface: Interface) -> Mapping[str, HostFunction] | None:
    """Host functions for an imported interface of the package, or None for any other name.

    wasmtime does not compare the types of functions when it links them, so that is done here: skills built against an
    unreleased state of the interface are refused with :class:`SkillLoadError` instead of failing in the middle of
    a run.
    """
    match = _NAME.fullmatch(name)
    if not match:
        return None
    short, version = match.groups()
    line = admit(version) if version else lines()[UNVERSIONED]
    for function, kind in interface.functions.items():
        if line.function(short, function) != kind:
            raise SkillLoadError(
                f"the skill imports {function} of {name} with a signature that {PACKAGE}@{line.name} does not have. "
                "It was probably built against an unreleased state of the interface: rebuild it with a released SDK."
            )
    return {function: _function(line, short, function) for function in interface.functions}


def _function(line: Line, interface: str, name: str) -> HostFunction:
    if name == "[method]stream-output.write":
        return HostFunction(_write, waits=True)
    if name.startswith("[constructor]"):
        return _constructor(find(STREAM_ROWS, line.name, interface, name.removeprefix("[constructor]")))
    if name.endswith(".next"):
        return HostFunction(_next, waits=True)
    return _operation(find(ROWS, line.name, interface, name))


def _operation(row: Row) -> HostFunction:
    def run(execution: Execution, *arguments: Any) -> Wait:
        guest: Guest = execution.state
        operation = getattr(guest.csi, row.operation)
        asked = [row.ask(*arguments)] if row.ask else []

        async def answer() -> Any:
            return row.answer(await operation(*asked))

        return Wait(answer)

    return HostFunction(run, waits=True)


def _constructor(row: StreamRow) -> HostFunction:
    def run(execution: Execution, fields: Mapping[str, Any]) -> int:
        guest: Guest = execution.state
        guest.check_streams(execution.resources.count(PartStream))
        request = row.ask(**fields)
        read = getattr(guest.csi, row.operation)
        stream = PartStream(
            execution.loop, lambda: read(request), row.event, guest.tasks, context=execution.caller_context
        )
        return execution.resources.add(stream)

    return HostFunction(run)


def _next(execution: Execution, number: int) -> Any:
    stream = execution.resources.get(number)
    if not isinstance(stream, PartStream):
        raise HostError(f"handle {number} is not a stream")
    return stream.take() if stream.ready else Wait(stream.wait)


def _write(execution: Execution, number: int, item: tuple[str, Any]) -> Wait | None:
    guest: Guest = execution.state
    if not isinstance(execution.resources.get(number), StreamOutput):
        raise HostError(f"handle {number} is not an output")
    output = guest.output
    if output is None:
        raise HostError("the skill has no output to write to")
    case, payload = item
    event = _ITEMS[case](payload)
    guest.count_item(event)
    return None if output.try_write(event) else Wait(lambda: output.write(event))
