"""The Python side of the library lets nothing out into C."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from luaskills.native import bridge


class Library:
    """Stands for both modules that cffi makes: it keeps the functions it is given and what they answer."""

    def __init__(self) -> None:
        self.functions: dict[str, Callable[..., int]] = {}
        self.given = b""

    def def_extern(self, name: str) -> Callable[[Callable[..., int]], None]:
        return lambda function: self.functions.update({name: function})

    def string(self, text: bytes) -> bytes:
        return text

    def buffer(self, request: bytes, length: int) -> bytes:
        return request[:length]

    def luaskills_native_give(self, _out: object, value: bytes, _length: int) -> None:
        self.given = value


class Failing:
    """An engine that something from outside stops."""

    def call(self, _name: str, _request: bytes | None) -> bytes:
        raise KeyboardInterrupt

    def set_callback(self, _kind: str, _callback: Any) -> None:
        raise MemoryError("no room")


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    library = Library()
    monkeypatch.setattr(bridge, "JsonEngine", Failing)
    bridge.attach(library, library)
    return library


def test_an_interrupt_during_a_call_is_an_error_envelope(library: Library) -> None:
    assert library.functions["luaskills_native_call"](b"luaskills_ffi_run_lua_json", b"{}", 2, None) == 1
    assert json.loads(library.given) == {"ok": False, "error": "interrupted by KeyboardInterrupt"}


def test_what_fails_while_registering_is_the_text_of_the_error(library: Library) -> None:
    setter = b"luaskills_ffi_set_host_tool_json_callback"
    assert library.functions["luaskills_native_register"](setter, None, None, None) == 1
    assert library.given == b"MemoryError: no room"
