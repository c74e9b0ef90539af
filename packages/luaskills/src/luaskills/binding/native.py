"""A native library with the JSON FFI, through ctypes.

Who owns which bytes: a request stays ours and is only lent; an answer belongs to the library and goes back to it
through ``luaskills_ffi_buffer_free``; what a callback answers is copied into buffers of the library through
``luaskills_ffi_buffer_clone``, because the library frees them.
"""

from __future__ import annotations

import ctypes
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from luaskills.binding.transport import Callback
from luaskills.errors import LuaSkillsError


class BorrowedBuffer(ctypes.Structure):
    """Bytes lent for the time of a call."""

    _fields_ = [("ptr", ctypes.c_void_p), ("len", ctypes.c_size_t)]


class OwnedBuffer(ctypes.Structure):
    """Bytes of the library, to be given back to it."""

    _fields_ = [("ptr", ctypes.c_void_p), ("len", ctypes.c_size_t)]


_OUT = ctypes.POINTER(OwnedBuffer)
_THUNK = ctypes.CFUNCTYPE(ctypes.c_int32, BorrowedBuffer, ctypes.c_void_p, _OUT, _OUT)
_SETTER_FAILED = "Unknown provider callback registration error"


class NativeTransport:
    """One loaded library."""

    def __init__(self, path: Path) -> None:
        self.path: Path | None = path
        try:
            self.library = ctypes.CDLL(str(path))
        except OSError as error:
            raise RuntimeError(f"LuaSkills library can not be loaded: {path}: {error}") from None
        self._lock = threading.Lock()
        self._functions: dict[str, Any] = {}
        self._thunks: list[Any] = []
        self._free = self._bound("luaskills_ffi_buffer_free", None, [OwnedBuffer])
        clone = [ctypes.c_void_p, ctypes.c_size_t, _OUT, _OUT]
        self._clone = self._bound("luaskills_ffi_buffer_clone", ctypes.c_int32, clone)

    def call(self, function: str, request: bytes | None) -> bytes:
        if request is None:
            return self._taken(self._bound(function, OwnedBuffer, [])())
        lent = ctypes.cast(ctypes.c_char_p(request), ctypes.c_void_p)
        return self._taken(self._bound(function, OwnedBuffer, [BorrowedBuffer])(BorrowedBuffer(lent, len(request))))

    def set_callback(self, kind: str, callback: Callback | None) -> None:
        name = f"luaskills_ffi_set_{kind}_json_callback"
        if not self.exports(name):
            raise LuaSkillsError(
                name,
                f"LuaSkills library does not export {name}; update the native runtime before using this callback",
            )
        thunk = _THUNK() if callback is None else _THUNK(self._answering(callback))
        # engines keep the pointer they were made with, so a thunk lives as long as the library does
        self._thunks.append(thunk)
        error = OwnedBuffer()
        setter = self._bound(name, ctypes.c_int32, [_THUNK, ctypes.c_void_p, _OUT])
        if setter(thunk, None, ctypes.byref(error)) != 0:
            raise LuaSkillsError(name, self._taken(error).decode("utf-8", "replace") or _SETTER_FAILED)

    def exports(self, function: str) -> bool:
        return hasattr(self.library, function)

    def _bound(self, name: str, result: Any, arguments: list[Any]) -> Any:
        bound = self._functions.get(name)
        if bound is not None:
            return bound
        with self._lock:
            try:
                bound = getattr(self.library, name)
            except AttributeError:
                raise LuaSkillsError(name, f"LuaSkills library does not export {name}") from None
            bound.restype, bound.argtypes = result, arguments
            self._functions[name] = bound
            return bound

    def _taken(self, buffer: OwnedBuffer) -> bytes:
        try:
            return ctypes.string_at(buffer.ptr, buffer.len) if buffer.ptr else b""
        finally:
            if buffer.ptr:
                self._free(buffer)

    def _answering(self, callback: Callback) -> Callable[..., int]:
        def answer(request: BorrowedBuffer, _: Any, response: Any, error: Any) -> int:
            try:
                given = ctypes.string_at(request.ptr, request.len) if request.ptr else b"null"
                text = json.dumps(callback(json.loads(given))).encode()
                return 0 if self._fill(response, text, error) else 1
            except BaseException as problem:  # an exception must not unwind into the library
                self._fill(error, str(problem).encode("utf-8", "replace"), None)
                return 1

        return answer

    def _fill(self, target: Any, data: bytes, error: Any) -> bool:
        status: int = self._clone(ctypes.c_char_p(data), len(data), target, error)
        return status == 0
