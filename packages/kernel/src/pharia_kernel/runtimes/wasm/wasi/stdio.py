"""Standard streams: input is what the guest was given to read, output goes to whoever runs the guest."""

from __future__ import annotations

from typing import Any, Protocol

from pharia_kernel.runtimes.wasm.host.errors import HostError
from pharia_kernel.runtimes.wasm.host.execution import Execution
from pharia_kernel.runtimes.wasm.host.functions import HostFunction
from pharia_kernel.runtimes.wasm.wasi.clock import ALWAYS, add_pollable

_ROOM = 64 * 1024
"""Bytes a guest may write at once, told by ``check-write``, and the most it reads at once."""

_OK = ("ok", None)
_AT_END = ("err", ("closed", None))


class GuestStreams(Protocol):
    """What the state of an execution must offer."""

    standard_input: bytes

    def write_output(self, stream: str, data: bytes) -> None:
        """Take what the guest wrote to ``stdout`` or ``stderr``; called on a worker thread."""
        ...


class _Sink:
    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class _Source:
    """How far standard input is read."""

    __slots__ = ("position",)

    def __init__(self) -> None:
        self.position = 0


def _open(name: str) -> HostFunction:
    return HostFunction(lambda execution: execution.resources.add(_Sink(name)))


def _read(execution: Execution, number: int, count: int) -> Any:
    source = execution.resources.get(number)
    if not isinstance(source, _Source):
        raise HostError(f"handle {number} is not an input stream")
    begin = source.position
    data = execution.state.standard_input[begin : begin + min(count, _ROOM)]
    source.position += len(data)
    return ("ok", data) if data or not count else _AT_END


def _skip(execution: Execution, number: int, count: int) -> Any:
    case, data = _read(execution, number, count)
    return (case, len(data)) if case == "ok" else _AT_END


def _write(execution: Execution, number: int, data: bytes) -> Any:
    sink = execution.resources.get(number)
    if not isinstance(sink, _Sink):
        raise HostError(f"handle {number} is not an output stream")
    execution.state.write_output(sink.name, data)
    return _OK


def _write_zeroes(execution: Execution, number: int, count: int) -> Any:
    return _write(execution, number, bytes(min(count, _ROOM)))


def _fine(_: Execution, *_arguments: Any) -> Any:
    return _OK


def _end(_: Execution, *_arguments: Any) -> Any:
    return _AT_END


def _subscribe(execution: Execution, _: int) -> int:
    return add_pollable(execution, ALWAYS)


STDIO_FUNCTIONS = {
    "wasi:cli/stdin": {"get-stdin": HostFunction(lambda execution: execution.resources.add(_Source()))},
    "wasi:cli/stdout": {"get-stdout": _open("stdout")},
    "wasi:cli/stderr": {"get-stderr": _open("stderr")},
    "wasi:io/error": {"[method]error.to-debug-string": HostFunction(lambda _, number: "error")},
    "wasi:io/streams": {
        "[method]input-stream.read": HostFunction(_read),
        "[method]input-stream.blocking-read": HostFunction(_read),
        "[method]input-stream.skip": HostFunction(_skip),
        "[method]input-stream.blocking-skip": HostFunction(_skip),
        "[method]input-stream.subscribe": HostFunction(_subscribe),
        "[method]output-stream.check-write": HostFunction(lambda _, number: ("ok", _ROOM)),
        "[method]output-stream.write": HostFunction(_write),
        "[method]output-stream.blocking-write-and-flush": HostFunction(_write),
        "[method]output-stream.flush": HostFunction(_fine),
        "[method]output-stream.blocking-flush": HostFunction(_fine),
        "[method]output-stream.subscribe": HostFunction(_subscribe),
        "[method]output-stream.write-zeroes": HostFunction(_write_zeroes),
        "[method]output-stream.blocking-write-zeroes-and-flush": HostFunction(_write_zeroes),
        "[method]output-stream.splice": HostFunction(_end),
        "[method]output-stream.blocking-splice": HostFunction(_end),
    },
}
