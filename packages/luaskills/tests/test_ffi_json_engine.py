"""What every function of the JSON FFI promises: envelopes, input errors, engines by number."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from luaskills.engine.options import EngineOptions
from luaskills.ffi import EXPORTS, JsonEngine, null_text, process_engine

if TYPE_CHECKING:
    from conftest import JsonCalls, SkillTree

NAMES = [
    "version",
    "describe",
    "engine_new",
    "engine_free",
    "load_from_roots",
    "reload_from_roots",
    "load_from_dirs",
    "list_entries",
    "list_skill_help",
    "render_skill_help_detail",
    "prompt_argument_completions",
    "is_skill",
    "skill_name_for_tool",
    "skill_config_list",
    "skill_config_get",
    "skill_config_set",
    "skill_config_delete",
    "call_skill",
    "run_lua",
    "disable_skill",
    "enable_skill",
    "install_skill",
    "update_skill",
    "uninstall_skill",
    "system_disable_skill",
    "system_enable_skill",
    "system_install_skill",
    "system_update_skill",
    "system_uninstall_skill",
    "system_private_install_skill_from_url_manifest",
    "system_private_update_skill_from_url_manifest",
    "set_sqlite_provider_json_callback",
    "set_lancedb_provider_json_callback",
    "set_host_tool_json_callback",
    "set_model_embed_json_callback",
    "set_model_llm_json_callback",
    "set_skill_operation_progress_json_callback",
    "buffer_clone",
    "buffer_free",
    "string_clone",
    "string_free",
    "bytes_clone",
    "bytes_free",
]
SESSIONS = [
    f"{prefix}{family}_{action}"
    for prefix in ("", "system_")
    for family in ("runtime_session", "runtime_lease")
    for action in ("create", "eval", "status", "list", "close")
]


@pytest.fixture
def offline(ffi: JsonCalls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JsonCalls:
    """The same, on an engine that may not use the network, in a directory of its own."""
    monkeypatch.chdir(tmp_path)
    ffi.new(allow_network_download=False)
    return ffi


def answer(name: str, request: bytes | None) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(JsonEngine().call(name, request))
    return value


def test_describe_names_every_function_under_both_session_names() -> None:
    """Row 178."""
    described = answer("luaskills_ffi_describe_json", None)["result"]
    plain = {name for name in NAMES if name.endswith(("callback", "clone", "free")) and name != "engine_free"}
    wanted = {f"luaskills_ffi_{name}{'' if name in plain else '_json'}" for name in [*NAMES, *SESSIONS]}
    assert wanted <= set(described["exported_functions"])
    assert described["exported_functions"] == list(EXPORTS)
    assert len(EXPORTS) == len(set(EXPORTS))
    assert answer("luaskills_ffi_version_json", None)["result"] == {
        "ffi_version": described["ffi_version"],
        "protocol": "json-cabi",
    }


FUNCTIONS = [name for name in EXPORTS if name.endswith("_json") and "version" not in name and "describe" not in name]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_says_what_is_wrong_with_its_input(name: str) -> None:
    """Row 176."""
    assert answer(name, None)["error"] == f"{name} requires one non-null JSON buffer" == null_text(name)
    assert answer(name, b"\xff")["error"].startswith(f"{name} received invalid UTF-8 input: ")
    for request in (b"", b"{", b"[]", b"null", b'{"engine_id": NaN}', b"[" * 100_000, b"{}"):
        text = answer(name, request)["error"]
        assert text.startswith(f"{name} received invalid JSON input: "), request[:20]


def test_a_null_buffer_with_a_length_is_told_apart() -> None:
    """Row 176."""
    assert null_text("f", 3) == "f received null JSON buffer with non-zero len"


def test_a_function_that_does_not_exist_is_an_error() -> None:
    assert "does not export luaskills_ffi_nothing_json" in answer("luaskills_ffi_nothing_json", b"{}")["error"]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"engine_id": "1"}, "`engine_id`: invalid type: string, expected a non-negative integer"),
        ({"engine_id": -1}, "`engine_id`: invalid value: integer `-1`, expected a non-negative integer"),
        ({"engine_id": True}, "`engine_id`: invalid type: boolean, expected a non-negative integer"),
        ({}, "missing field `tool_name`"),
        ({"tool_name": 5}, "`tool_name`: invalid value: integer `5`, expected a string"),
        ({"tool_name": "x", "invocation_context": 1}, "`invocation_context`: invalid value: integer `1`"),
        ({"tool_name": "x", "invocation_context": {"client_budget": {}}}, "missing field `tool_config`"),
    ],
)
def test_a_member_of_the_wrong_type_is_named(ffi: JsonCalls, members: dict[str, Any], reason: str) -> None:
    text = ffi.error("call_skill", **members)
    assert text.startswith(f"luaskills_ffi_call_skill_json received invalid JSON input: {reason}")


def test_unknown_members_are_ignored_and_a_null_result_is_there(ffi: JsonCalls) -> None:
    # row 75
    assert ffi.envelope("run_lua", code="local x = 1", colour="blue") == {"ok": True, "result": None}


def test_partial_capabilities_are_refused(ffi: JsonCalls) -> None:
    """Row 175."""
    text = ffi.error(
        "engine_new",
        options={
            "pool_config": {"min_size": 1, "max_size": 1, "idle_ttl_secs": 1},
            "host_options": {"capabilities": {"enable_skill_management_bridge": True}},
        },
    )
    assert text == "luaskills_ffi_engine_new_json received invalid JSON input: missing field `enable_managed_io_compat`"
    assert "missing field `options`" in ffi.error("engine_new")


def test_engines_are_numbered_and_freed_once(ffi: JsonCalls) -> None:
    """Row 177."""
    assert ffi.engine == 1
    assert ffi.new() == 2
    assert ffi.result("engine_free", engine_id=1) == {"freed": True}
    assert ffi.error("engine_free", engine_id=1) == "FFI engine 1 not found"
    assert ffi.error("run_lua", engine_id=1, code="return 1") == "FFI engine 1 not found"
    assert ffi.new() == 3


def test_what_has_no_utf8_form_is_still_an_envelope(ffi: JsonCalls) -> None:
    request = b'{"engine_id": 1, "skill_id": "a", "key": "\\ud800"}'
    envelope = json.loads(ffi.functions.call("luaskills_ffi_skill_config_get_json", request).decode("utf-8"))
    assert envelope["ok"] is False or envelope["result"]["key"] == "\ud800"


def test_a_defect_becomes_an_envelope_and_a_log_line(
    ffi: JsonCalls, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("luaskills.engine.engine.Engine.run_lua", lambda *_: {1, 2})
    assert ffi.error("run_lua", code="").startswith("luaskills_ffi_run_lua_json failed: TypeError")
    assert "luaskills_ffi_run_lua_json failed" in caplog.text


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 2**70)
    | st.floats()
    | st.sampled_from(["", "a-b", "system", "\0", "é"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "skills_dir", "a"]), inner),
    max_leaves=4,
)
_MEMBERS = [
    "skill_roots",
    "authority",
    "skill_id",
    "flow_name",
    "request_context",
    "prompt_name",
    "argument_name",
    "tool_name",
    "key",
    "value",
    "values",
    "args",
    "invocation_context",
    "code",
    "sid",
    "ttl_sec",
    "replace",
    "cwd",
    "workspace_root",
    "lua_roots",
    "c_roots",
    "mounts",
    "lease_id",
    "generation",
    "timeout_ms",
    "reason",
    "request",
    "target_root",
    "options",
    "manifest_url",
    "base_dir",
    "override_dir",
]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from([name for name in FUNCTIONS if "engine_" not in name]),
    members=st.dictionaries(st.sampled_from(_MEMBERS), _VALUES),
    whole=st.booleans(),
)
def test_no_request_finds_a_defect(offline: JsonCalls, name: str, members: dict[str, Any], whole: bool) -> None:
    request = {"engine_id": offline.engine, **members}
    if whole:
        roots = [{"name": label, "skills_dir": f"runtime/{label}"} for label in ("ROOT", "USER")]
        request |= {"skill_roots": roots, "authority": "system", "skill_id": "a-b", "sid": "s", "code": "return args"}
    envelope = json.loads(offline.functions.call(name, json.dumps(request).encode()))
    assert envelope["ok"] or not envelope["error"].startswith(f"{name} failed: "), envelope


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(option=st.sampled_from(sorted(EngineOptions().host)), value=_VALUES)
def test_no_option_finds_a_defect(ffi: JsonCalls, option: str, value: Any) -> None:
    options = {"pool_config": {"min_size": 1, "max_size": 1, "idle_ttl_secs": 1}, "host_options": {option: value}}
    envelope = ffi.envelope("engine_new", options=options)
    if envelope["ok"]:
        assert ffi.result("engine_free", engine_id=envelope["result"]["engine_id"]) == {"freed": True}
    else:
        assert "engine_new_json received invalid JSON input: " in envelope["error"]


def test_a_callback_may_call_the_engine_that_calls_it(ffi: JsonCalls) -> None:
    ffi.functions.set_callback("host_tool", lambda _: {"inner": ffi.result("run_lua", code="return 2")})
    assert ffi.result("run_lua", code="return vulcan.host.call('x', {}).inner + 1") == 3


def test_engines_answer_several_threads_at_once(ffi: JsonCalls) -> None:
    inside = threading.Barrier(3)
    ffi.functions.set_callback("host_tool", lambda _: {"waited": inside.wait(30) >= 0})
    found: list[Any] = []

    def call() -> None:
        found.append(ffi.result("run_lua", code="return vulcan.host.call('x', {}).waited"))

    threads = [threading.Thread(target=call) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [True, True, True]


def test_an_unknown_kind_of_callback_is_refused() -> None:
    with pytest.raises(ValueError, match="`nothing` is no callback"):
        JsonEngine().set_callback("nothing", lambda _: None)


def test_the_process_has_one_json_engine() -> None:
    assert process_engine() is process_engine()


def test_directories_of_version_0_2_are_root_and_project(ffi: JsonCalls, skills: SkillTree) -> None:
    skills.write("notes", "return function() return 'base' end", "ROOT")
    skills.write("other", "return function() return 'over' end", "PROJECT")
    base, over = (root["skills_dir"] for root in skills.chain("ROOT", "PROJECT"))
    assert ffi.result("load_from_dirs", base_dir=base, override_dir=over) == {"loaded": True}
    roots = {entry["skill_id"]: entry["root_name"] for entry in ffi.result("list_entries", authority="system")}
    assert roots == {"notes": "ROOT", "other": "PROJECT"}
