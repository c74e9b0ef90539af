"""The C functions, called through ctypes from a Python of the same version: every one answers, whatever it is given."""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from luaskills.ffi.json_engine import EXPORTS, PREFIX, SETTERS, WITH_INPUT
from luaskills.native.later import LATER

from .conftest import Built


class Borrowed(ctypes.Structure):
    _fields_ = (("ptr", ctypes.c_char_p), ("len", ctypes.c_size_t))


class Owned(ctypes.Structure):
    _fields_ = (("ptr", ctypes.c_void_p), ("len", ctypes.c_size_t))


Out = ctypes.POINTER(Owned)
HostFunction = ctypes.CFUNCTYPE(ctypes.c_int32, Borrowed, ctypes.c_void_p, Out, Out)
OPTIONS = {"pool_config": {"min_size": 1, "max_size": 2, "idle_ttl_secs": 60}, "host_options": {}}


class Library:
    """The library as a host sees it."""

    def __init__(self, path: Path) -> None:
        self.c = ctypes.CDLL(str(path))
        self.c.luaskills_ffi_buffer_free.argtypes = [Owned]
        self.c.luaskills_ffi_buffer_free.restype = None
        self.c.luaskills_ffi_buffer_clone.argtypes = [ctypes.c_char_p, ctypes.c_size_t, Out, Out]
        self.c.luaskills_native_unfreed.restype = ctypes.c_size_t
        for name in SETTERS:
            getattr(self.c, name).argtypes = [ctypes.c_void_p, ctypes.c_void_p, Out]

    def raw(self, name: str, request: bytes | None, length: int | None = None) -> dict[str, Any]:
        function = getattr(self.c, PREFIX + name if not name.startswith(PREFIX) else name)
        function.argtypes, function.restype = [Borrowed], Owned
        answer = function(Borrowed(request, len(request or b"") if length is None else length))
        envelope: dict[str, Any] = json.loads(self.taken(answer))
        return envelope

    def ask(self, name: str, **request: Any) -> Any:
        envelope = self.raw(f"{name}_json", json.dumps(request).encode())
        return envelope["result"] if envelope["ok"] else envelope["error"]

    def taken(self, buffer: Owned) -> bytes:
        text = ctypes.string_at(buffer.ptr, buffer.len) if buffer.ptr else b""
        self.c.luaskills_ffi_buffer_free(buffer)
        return text

    def fill(self, out: Any, text: bytes) -> int:
        filled: int = self.c.luaskills_ffi_buffer_clone(text, len(text), out, None)
        return filled


@pytest.fixture(scope="module")
def library(built: Built) -> Library:
    return Library(built.library)


@pytest.fixture
def engine(library: Library) -> Iterator[int]:
    engine_id = library.ask("engine_new", options=OPTIONS)["engine_id"]
    yield engine_id
    library.ask("engine_free", engine_id=engine_id)


Host = Callable[[Borrowed, Any, Any], int]
Offer = Callable[[str, Host], None]


@pytest.fixture
def offer(library: Library) -> Iterator[Offer]:
    kept: dict[str, Any] = {}

    def offer(kind: str, host: Host) -> None:
        kept[kind] = HostFunction(lambda request, _data, response, error: host(request, response, error))
        setter = getattr(library.c, f"{PREFIX}set_{kind}_json_callback")
        assert setter(ctypes.cast(kept[kind], ctypes.c_void_p), None, None) == 0

    yield offer
    for kind in kept:
        assert getattr(library.c, f"{PREFIX}set_{kind}_json_callback")(None, None, None) == 0


# row 178
def test_everything_that_is_described_is_exported_and_declared(library: Library, built: Built) -> None:
    described = library.c.luaskills_ffi_describe_json
    described.restype = Owned
    names = json.loads(library.taken(described()))["result"]["exported_functions"]
    assert set(names) >= set(EXPORTS)
    header = built.header.read_text()
    for name in names:
        assert getattr(library.c, name)
        assert f" {name}(" in header.replace("*", " ")


# row 176
@pytest.mark.parametrize("name", WITH_INPUT)
def test_what_is_no_request_gets_an_error_that_says_so(library: Library, name: str) -> None:
    def said(request: bytes | None, length: int | None = None) -> str:
        envelope = library.raw(name, request, length)
        assert envelope["ok"] is False
        return str(envelope["error"])

    assert said(None) == f"{name} requires one non-null JSON buffer"
    assert said(None, 7) == f"{name} received null JSON buffer with non-zero len"
    assert said(b"\xff\xfe").startswith(f"{name} received invalid UTF-8 input: ")
    for garbage in (b"", b"tea", b'{"engine_id":', b"[]", b"7", b"{}", b"[" * 100_000, b'{"engine_id":-1}'):
        assert said(garbage).startswith(f"{name} received invalid JSON input: ")
    assert "length" in said(b"{}", 2**64 - 1)


@pytest.mark.parametrize("name", LATER)
def test_what_only_later_engines_have_says_so(library: Library, name: str) -> None:
    envelope = library.raw(name, b'{"engine_id":1}')
    assert envelope["ok"] is False
    assert envelope["error"].startswith(f"{name} is not part of this engine: it")


# row 177
def test_an_engine_is_freed_once(library: Library) -> None:
    engine_id = library.ask("engine_new", options=OPTIONS)["engine_id"]
    assert library.ask("engine_free", engine_id=engine_id) == {"freed": True}
    assert library.ask("engine_free", engine_id=engine_id) == f"FFI engine {engine_id} not found"


# row 175
def test_options_that_lack_a_member_are_refused(library: Library) -> None:
    host = {"capabilities": {"enable_skill_management_bridge": True}}
    said = library.ask("engine_new", options={**OPTIONS, "host_options": host})
    assert "missing field `enable_managed_io_compat`" in said


def test_every_answer_is_a_buffer_of_the_library_until_it_is_freed(library: Library, engine: int) -> None:
    before = library.c.luaskills_native_unfreed()
    run = library.c.luaskills_ffi_run_lua_json
    run.argtypes, run.restype = [Borrowed], Owned
    request = json.dumps({"engine_id": engine, "code": "return 1"}).encode()
    held = [run(Borrowed(request, len(request))) for _ in range(3)]
    assert library.c.luaskills_native_unfreed() == before + 3
    for buffer in held:
        library.c.luaskills_ffi_buffer_free(buffer)
    library.c.luaskills_ffi_buffer_free(Owned())
    assert library.c.luaskills_native_unfreed() == before


def test_ten_megabytes_go_in_and_out(library: Library, engine: int) -> None:
    text = "grün " * 2_000_000
    assert library.ask("run_lua", engine_id=engine, code="return args.text", args={"text": text}) == text


def test_ten_thousand_calls_with_a_callback_leave_no_buffer(library: Library, engine: int, offer: Offer) -> None:
    offer("host_tool", lambda _request, response, _error: library.fill(response, b'{"sum":5}'))
    before = library.c.luaskills_native_unfreed()
    for _ in range(100):
        code = "for i = 1, 100 do assert(vulcan.host.call('add', {}).sum == 5) end return true"
        assert library.ask("run_lua", engine_id=engine, code=code) is True
    for number in range(10_000):
        assert library.ask("run_lua", engine_id=engine, code="return args.n", args={"n": number}) == number
    assert library.c.luaskills_native_unfreed() == before


@pytest.mark.parametrize(
    ("status", "response", "error", "said"),
    [
        (0, b'"tea"', b"", "tea"),
        (0, b"", b"", "json host provider callback returned empty response_out"),
        (0, b"{tea", b"", "failed to parse host tool response json: "),
        (0, b"\xff", b"", "failed to parse host tool response json: "),
        (1, b"", b"no such tool", "no such tool"),
        (1, b'{"a":1}', b"", "json host provider callback returned failure without error message"),
        (-7, b"", b"\xff!", "\ufffd!"),
    ],
)
def test_whatever_a_callback_leaves_reaches_the_skill_as_value_or_failure(
    library: Library, engine: int, offer: Offer, status: int, response: bytes, error: bytes, said: str
) -> None:
    def answer(_request: Borrowed, response_out: Any, error_out: Any) -> int:
        library.fill(response_out, response)
        library.fill(error_out, error)
        return status

    offer("host_tool", answer)
    before = library.c.luaskills_native_unfreed()
    code = "local r = vulcan.host.call('t', {}) return r.value or r.error.message"
    assert library.ask("run_lua", engine_id=engine, code=code).startswith(said)
    assert library.c.luaskills_native_unfreed() == before


def test_a_callback_may_call_the_engine_it_serves(library: Library, engine: int, offer: Offer) -> None:
    def answer(request: Borrowed, response: Any, _error: Any) -> int:
        depth = json.loads(ctypes.string_at(request.ptr, request.len))["args"]["depth"]
        code = "if args.depth == 0 then return 0 end return vulcan.host.call('down', {depth = args.depth}).value + 1"
        value = library.ask("run_lua", engine_id=engine, code=code, args={"depth": depth - 1})
        return library.fill(response, json.dumps(value).encode())

    offer("host_tool", answer)
    code = "return vulcan.host.call('down', {depth = 2}).value"
    assert library.ask("run_lua", engine_id=engine, code=code) == 1


def test_bytes_and_texts_are_copied(library: Library) -> None:
    clone, text_clone = library.c.luaskills_ffi_bytes_clone, library.c.luaskills_ffi_string_clone
    clone.restype = text_clone.restype = ctypes.c_void_p
    clone.argtypes, text_clone.argtypes = [ctypes.c_char_p, ctypes.c_size_t], [ctypes.c_char_p]
    library.c.luaskills_ffi_bytes_free.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    library.c.luaskills_ffi_string_free.argtypes = [ctypes.c_void_p]
    before = library.c.luaskills_native_unfreed()
    copied, text = clone(b"a\0b", 3), text_clone(b"gr\xc3\xbcn")
    assert (ctypes.string_at(copied, 3), ctypes.string_at(text)) == (b"a\0b", b"gr\xc3\xbcn")
    assert clone(None, 3) is None
    library.c.luaskills_ffi_bytes_free(copied, 3)
    library.c.luaskills_ffi_string_free(text)
    library.c.luaskills_ffi_string_free(None)
    assert library.c.luaskills_native_unfreed() == before


@pytest.mark.parametrize(("text", "length", "out"), [(None, 3, True), (b"abc", 3, False)], ids=["no bytes", "no out"])
def test_a_copy_without_a_source_or_a_place_is_refused(
    library: Library, text: bytes | None, length: int, out: bool
) -> None:
    error = Owned()
    place = ctypes.byref(Owned()) if out else None
    assert library.c.luaskills_ffi_buffer_clone(text, length, place, ctypes.byref(error)) == 1
    assert library.taken(error).startswith(b"luaskills_ffi_buffer_clone re")


def test_a_wake_callback_can_be_taken_away_but_not_set(library: Library) -> None:
    wake = library.c.luaskills_ffi_set_managed_session_wake_callback
    wake.argtypes = [ctypes.c_uint64, ctypes.c_void_p, ctypes.c_void_p, Out]
    error = Owned()
    assert wake(1, None, None, ctypes.byref(error)) == 0
    assert wake(1, ctypes.cast(HostFunction(lambda *_: 0), ctypes.c_void_p), None, ctypes.byref(error)) == 1
    assert library.taken(error) == b"managed sessions are not part of this engine"


def test_the_library_does_not_share_the_modules_of_the_program(library: Library, engine: int) -> None:
    assert library.ask("run_lua", engine_id=engine, code="return 1") == 1
    ours, theirs = sys.modules["luaskills.errors"], sys.modules["_luaskills_native.errors"]
    assert ours is not theirs
    assert ours.__file__ == theirs.__file__
    assert sys.modules["_luaskills_native.ffi.json_engine"].JsonEngine.__module__ == "_luaskills_native.ffi.json_engine"
