"""Between the C functions and :class:`~luaskills.ffi.JsonEngine`.

The path of every call of a host: one copy of the request, one of the answer. Nothing raises into C.
"""

from __future__ import annotations

import json
from typing import Any

from luaskills.errors import HostFunctionError
from luaskills.ffi.envelope import failure
from luaskills.ffi.json_engine import CALLBACK_KINDS, PREFIX, JsonEngine
from luaskills.native.later import LATER
from luaskills.types import Json

_NO_MESSAGE = "json host provider callback returned failure without error message"
_NO_ANSWER = "json host provider callback returned empty response_out"
_UNREADABLE = {
    "sqlite_provider": "failed to parse sqlite provider response json",
    "lancedb_provider": "failed to parse lancedb provider response json",
    "host_tool": "failed to parse host tool response json",
    "model_embed": "model embed response JSON decode failed",
    "model_llm": "model llm response JSON decode failed",
    "skill_operation_progress": "failed to parse progress response json",
}
_KINDS = {f"{PREFIX}set_{kind}_json_callback": kind for kind in CALLBACK_KINDS}


def attach(ffi: Any, lib: Any) -> None:
    """Give the library its Python functions; ``ffi`` and ``lib`` are those of its own cffi module."""
    engine = JsonEngine()

    def call(function: Any, request: Any, length: int, response: Any) -> int:
        try:
            name = ffi.string(function).decode()
            given = ffi.buffer(request, length)[:] if request else None
            answer = failure(LATER[name]) if name in LATER else engine.call(name, given)
        except BaseException as error:  # an interrupt, or no memory: it must not reach C
            answer = failure(f"interrupted by {type(error).__name__}")
        lib.luaskills_native_give(response, answer, len(answer))
        return 1

    def register(function: Any, callback: Any, user_data: Any, error_out: Any) -> int:
        try:
            kind = _KINDS[ffi.string(function).decode()]
            engine.set_callback(kind, HostCallback(ffi, lib, kind, callback, user_data) if callback else None)
        except BaseException as error:
            text = f"{type(error).__name__}: {error}".encode()
            lib.luaskills_native_give(error_out, text, len(text))
        return 1

    ffi.def_extern(name="luaskills_native_call")(call)
    ffi.def_extern(name="luaskills_native_register")(register)


class HostCallback:
    """A C function of the host as a function of JSON values; raises HostFunctionError with the host's text."""

    def __init__(self, ffi: Any, lib: Any, kind: str, function: Any, user_data: Any) -> None:
        self._ffi, self._lib = ffi, lib
        self._kind, self._function, self._user_data = kind, function, user_data

    def __call__(self, request: Json) -> Json:
        text = json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode()
        response, error = self._ffi.new("FfiOwnedBuffer *"), self._ffi.new("FfiOwnedBuffer *")
        try:
            status = self._lib.luaskills_native_ask_host(
                self._function, text, len(text), self._user_data, response, error
            )
            if status != 0:
                raise HostFunctionError(self._bytes(error).decode("utf-8", "replace") or _NO_MESSAGE)
            return self._answer(self._bytes(response))
        finally:
            self._lib.luaskills_native_take_back(response)
            self._lib.luaskills_native_take_back(error)

    def _answer(self, response: bytes) -> Json:
        if not response:
            if self._kind == "skill_operation_progress":
                return None
            raise HostFunctionError(_NO_ANSWER)
        try:
            return json.loads(response)
        except (ValueError, RecursionError) as error:
            raise HostFunctionError(f"{_UNREADABLE[self._kind]}: {error}") from None

    def _bytes(self, buffer: Any) -> bytes:
        found: bytes = self._ffi.buffer(buffer.ptr, buffer.len)[:] if buffer.ptr else b""
        return found
