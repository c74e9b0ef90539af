"""A native library through ctypes: whose bytes are whose, and what a library may answer."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from luaskills import LuaSkillsClient, LuaSkillsError, LuaSkillsJsonFfi

COMPILER = next((path for path in map(shutil.which, ("cc", "gcc", "clang")) if path), None)
pytestmark = pytest.mark.skipif(COMPILER is None, reason="needs a C compiler")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tiny") / "libtiny.so"
    source = Path(__file__).parent / "data" / "tiny_library.c"
    subprocess.run([str(COMPILER), "-shared", "-fPIC", "-o", path, source], check=True, timeout=120)
    return path


@pytest.fixture
def ffi(library: Path) -> Iterator[LuaSkillsJsonFfi]:
    made = LuaSkillsJsonFfi(library)
    yield made
    made.clear_host_tool_json_callback()


@pytest.fixture
def handed_out(library: Path) -> Callable[[], int]:
    count: Callable[[], int] = ctypes.CDLL(str(library)).buffers_handed_out
    return count


def test_a_library_is_loaded_from_its_path_or_the_environment(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version = {"ffi_version": "tiny", "protocol": "json-cabi"}
    assert LuaSkillsClient.version(library_path=library) == version
    monkeypatch.setenv("LUASKILLS_LIB", str(library))
    assert LuaSkillsClient.version() == version
    ffi = LuaSkillsJsonFfi()
    assert ffi.library_path == library
    assert isinstance(ffi.library, ctypes.CDLL)


def test_every_answer_goes_back_to_the_library(ffi: LuaSkillsJsonFfi, handed_out: Callable[[], int]) -> None:
    before = handed_out()
    for value in ({"text": "ä\0ö", "list": [1, 2.5, None, True]}, {}, {"big": "x" * 1_000_000}):
        assert ffi.call_json("luaskills_ffi_echo_json", value) == value
    for name in ("silent_failure", "garbage", "list"):
        with pytest.raises(LuaSkillsError):
            ffi.call_json(f"luaskills_ffi_{name}_json", {})
    assert handed_out() == before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("silent_failure", "Unknown LuaSkills FFI error"),
        ("list", "Unknown LuaSkills FFI error"),
        ("empty", "empty JSON FFI response envelope"),
        ("garbage", "invalid JSON FFI response envelope: "),
        ("absent", "LuaSkills library does not export luaskills_ffi_absent_json"),
    ],
)
def test_a_strange_answer_is_an_error_with_the_functions_name(ffi: LuaSkillsJsonFfi, name: str, text: str) -> None:
    with pytest.raises(LuaSkillsError) as caught:
        ffi.call_json(f"luaskills_ffi_{name}_json", {})
    assert str(caught.value).startswith(f"luaskills_ffi_{name}_json: {text}")


def test_a_callback_answers_in_buffers_of_the_library(ffi: LuaSkillsJsonFfi, handed_out: Callable[[], int]) -> None:
    before = handed_out()
    ffi.set_host_tool_json_callback(lambda request: {"seen": request})
    for number in range(100):
        assert ffi.call_json("luaskills_ffi_ask_json", {"n": number}) == {"seen": {"n": number}}
    assert handed_out() == before


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (ValueError("not today"), "not today"),
        (KeyboardInterrupt("stop"), "stop"),
        ({1}, "set is not JSON"),
        (ValueError(), "Unknown LuaSkills FFI error"),
    ],
    ids=["exception", "interrupt", "not json", "no text"],
)
def test_nothing_a_callback_raises_unwinds_into_the_library(
    ffi: LuaSkillsJsonFfi, handed_out: Callable[[], int], answer: Any, text: str
) -> None:
    def callback(_: Any) -> Any:
        if isinstance(answer, BaseException):
            raise answer
        return answer

    before = handed_out()
    ffi.set_host_tool_json_callback(callback)
    with pytest.raises(LuaSkillsError, match=text):
        ffi.call_json("luaskills_ffi_ask_json", {})
    assert handed_out() == before


def test_clearing_tells_the_library(ffi: LuaSkillsJsonFfi) -> None:
    ffi.set_host_tool_json_callback(lambda _: 1)
    ffi.clear_host_tool_json_callback()
    with pytest.raises(LuaSkillsError, match="nobody listens"):
        ffi.call_json("luaskills_ffi_ask_json", {})


def test_slots_belong_to_the_library_not_to_the_object(library: Path, ffi: LuaSkillsJsonFfi) -> None:
    """Row 166."""
    other = LuaSkillsJsonFfi(library)
    other.set_host_tool_json_callback(lambda _: "other")
    ffi.set_host_tool_json_callback(lambda _: "last")
    other.clear_host_tool_json_callback()
    assert other.call_json("luaskills_ffi_ask_json", {}) == "last"


def test_a_library_may_refuse_a_callback(ffi: LuaSkillsJsonFfi) -> None:
    with pytest.raises(LuaSkillsError, match="set_model_llm_json_callback: the slot is locked"):
        ffi.set_model_llm_json_callback(lambda _: {})
    with pytest.raises(LuaSkillsError, match="Unknown provider callback registration error"):
        ffi.set_model_embed_json_callback(lambda _: {})
    missing = "luaskills_ffi_set_skill_operation_progress_json_callback"
    with pytest.raises(LuaSkillsError) as caught:
        ffi.set_skill_operation_progress_json_callback(lambda _: {})
    assert str(caught.value) == (
        f"{missing}: LuaSkills library does not export {missing}; update the native runtime before using this callback"
    )
    for kind in ("skill_management", "skill_lifecycle", "entry_registry_delta"):
        with pytest.raises(LuaSkillsError, match=f"does not export luaskills_ffi_set_{kind}_json_callback"):
            getattr(ffi, f"set_{kind}_json_callback")(lambda _: None)
        getattr(ffi, f"clear_{kind}_json_callback")()


def test_a_library_without_an_engine_makes_no_client(library: Path, tmp_path: Path) -> None:
    with pytest.raises(LuaSkillsError, match="does not export luaskills_ffi_engine_new_json"):
        LuaSkillsClient(library_path=library, runtime_root=tmp_path)


def _number(request: Any) -> Any:
    return request["n"]


def test_several_threads_call_one_library(ffi: LuaSkillsJsonFfi, handed_out: Callable[[], int]) -> None:
    before = handed_out()
    ffi.set_host_tool_json_callback(_number)
    wrong: list[int] = []

    def ask(start: int) -> None:
        for number in range(start, start + 200):
            if ffi.call_json("luaskills_ffi_ask_json", {"n": number}) != number:
                wrong.append(number)

    threads = [threading.Thread(target=ask, args=(start,)) for start in (0, 1000, 2000, 3000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert handed_out() == before
