"""Persistent sessions through the JSON FFI, under both their names."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import JsonCalls, SkillTree

FAMILIES = ["runtime_session", "runtime_lease"]


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def evaluate(ffi: JsonCalls, family: str, lease: dict[str, Any], code: str, **more: Any) -> Any:
    return ffi.result(f"{family}_eval", lease_id=lease["lease_id"], code=code, **more)


def refusal(answer: dict[str, Any]) -> tuple[str, str]:
    assert answer["ok"] is False
    return answer["error_code"], answer["message"]


def test_globals_live_from_one_evaluation_to_the_next(ffi: JsonCalls, family: str) -> None:
    """Row 123."""
    lease = ffi.result(f"{family}_create", sid=" s ", ttl_sec=60)
    assert (lease["ok"], lease["sid"], lease["generation"], lease["ttl_sec"]) == (True, "s", 1, 60)
    assert lease["lease_id"].startswith("rt_")
    assert evaluate(ffi, family, lease, "x = args.n", args={"n": 1})["result"] is None
    answer = evaluate(ffi, family, lease, "return x")
    assert (answer["ok"], answer["result"]) == (True, 1)


def test_a_session_answers_with_the_fields_of_its_version(ffi: JsonCalls) -> None:
    plain = {"ok", "sid", "lease_id", "generation", "ttl_sec", "expires_at_unix_ms"}
    more = {"profile", "lifetime", "cwd", "workspace_root", "system_lua_lib"}
    session = ffi.result("runtime_session_create", sid="a")
    lease = ffi.result("runtime_lease_create", sid="b", workspace_root="/w", mounts={})
    assert set(session) == plain
    assert set(lease) == plain | more
    assert (lease["profile"], lease["lifetime"], lease["workspace_root"]) == ("public", "finite", "/w")
    status = ffi.result("runtime_session_status", lease_id=session["lease_id"])
    assert set(status) == plain | {"closed", "expired"}
    assert (status["closed"], status["expired"]) == (False, False)


def test_one_session_per_name(ffi: JsonCalls, family: str) -> None:
    """Rows 124, 125."""
    first = ffi.result(f"{family}_create", sid="s")
    code, message = refusal(ffi.result(f"{family}_create", sid="s"))
    assert (code, message) == ("lease_exists", f"runtime session SID `s` already has lease `{first['lease_id']}`")
    second = ffi.result(f"{family}_create", sid="s", replace=True)
    assert second["generation"] == 2
    replaced = f"runtime session lease `{first['lease_id']}` was replaced (sid `s`, generation 1)"
    for action in ("eval", "status"):
        answer = ffi.result(f"{family}_{action}", lease_id=first["lease_id"], code="return 1")
        assert refusal(answer) == ("lease_replaced", replaced)


def test_a_busy_session_is_neither_replaced_nor_closed_but_listed(ffi: JsonCalls, family: str) -> None:
    """Rows 126, 133."""
    lease = ffi.result(f"{family}_create", sid="s")
    inside, go = threading.Event(), threading.Event()

    def wait(_: Any) -> dict[str, Any]:
        inside.set()
        assert go.wait(60)
        return {}

    ffi.functions.set_callback("host_tool", wait)
    busy = threading.Thread(target=evaluate, args=(ffi, family, lease, "vulcan.host.call('wait', {})"))
    busy.start()
    try:
        assert inside.wait(60)
        held = f"runtime session SID `s` cannot replace busy lease `{lease['lease_id']}`"
        assert refusal(ffi.result(f"{family}_create", sid="s", replace=True)) == ("lease_busy", held)
        for action in ("eval", "close"):
            answer = ffi.result(f"{family}_{action}", lease_id=lease["lease_id"], code="return 1")
            assert refusal(answer) == ("lease_busy", f"runtime session lease `{lease['lease_id']}` is busy")
        assert [found["sid"] for found in ffi.result(f"{family}_list")["leases"]] == ["s"]
    finally:
        go.set()
        busy.join(60)


def test_a_closed_session_says_so_inside_of_a_success(ffi: JsonCalls, family: str) -> None:
    """Row 127."""
    lease = ffi.result(f"{family}_create", sid="s")
    closed = ffi.result(f"{family}_close", lease_id=lease["lease_id"])
    assert (closed["ok"], closed["closed"]) == (True, True)
    envelope = ffi.envelope(f"{family}_eval", lease_id=lease["lease_id"], code="return 1")
    assert envelope["ok"] is True
    text = f"runtime session lease `{lease['lease_id']}` is closed (sid `s`, generation 1)"
    assert refusal(envelope["result"]) == ("lease_closed", text)
    assert ffi.result(f"{family}_list") == {"ok": True, "leases": []}
    nothing = refusal(ffi.result(f"{family}_status", lease_id="rt_0_0"))
    assert nothing == ("lease_not_found", "runtime session lease `rt_0_0` was not found")


def test_identity_guards_are_checked_on_living_and_closed_sessions(ffi: JsonCalls, family: str) -> None:
    """Row 128."""
    lease = ffi.result(f"{family}_create", sid="s")
    key = lease["lease_id"]
    for _ in range(2):
        wrong_sid = ffi.result(f"{family}_status", lease_id=key, sid="t")
        assert refusal(wrong_sid) == (
            "lease_sid_mismatch",
            f"runtime session lease `{key}` belongs to sid `s`, not `t`",
        )
        wrong_generation = ffi.result(f"{family}_eval", lease_id=key, generation=9, code="return 1")
        assert refusal(wrong_generation) == (
            "lease_generation_mismatch",
            f"runtime session lease `{key}` generation mismatch: expected 9, actual 1",
        )
        ffi.result(f"{family}_close", lease_id=key)


def test_there_are_eight_sessions_at_most(ffi: JsonCalls, family: str) -> None:
    """Row 129."""
    for number in range(8):
        ffi.result(f"{family}_create", sid=f"s{number}")
    code, message = refusal(ffi.result(f"{family}_create", sid="one-more"))
    assert (code, message) == ("lease_limit_exceeded", "runtime session lease limit exceeded")
    assert [lease["sid"] for lease in ffi.result(f"{family}_list")["leases"]] == [f"s{n}" for n in range(8)]
    assert [lease["sid"] for lease in ffi.result(f"{family}_list", sid="s3")["leases"]] == ["s3"]


def test_a_failed_evaluation_keeps_the_session(ffi: JsonCalls, family: str) -> None:
    """Row 131."""
    lease = ffi.result(f"{family}_create", sid="s")
    code, message = refusal(evaluate(ffi, family, lease, "x = 5; error('boom')"))
    assert code == "eval_failed"
    assert message.startswith("Runtime session eval error: ")
    assert "boom" in message
    assert evaluate(ffi, family, lease, "return x")["result"] == 5


def test_requests_that_are_wrong_in_themselves_are_errors_of_the_function(ffi: JsonCalls, family: str) -> None:
    """Row 137."""
    assert ffi.error(f"{family}_create", sid="  ") == "runtime session sid must not be empty"
    assert ffi.error(f"{family}_create", sid="s" * 200) == "runtime session sid must not exceed 128 bytes"
    assert ffi.error(f"{family}_create", sid="a\0b") == "runtime session sid must not contain NUL bytes"
    lease = ffi.result(f"{family}_create", sid="s")
    text = ffi.error(f"{family}_eval", lease_id=lease["lease_id"], code="return 1", timeout_ms=0)
    assert text == "runtime session eval timeout_ms must be greater than 0"


def test_a_ttl_of_zero_is_one_second_for_a_session_and_refused_for_a_lease(ffi: JsonCalls) -> None:
    assert ffi.result("runtime_session_create", sid="s", ttl_sec=0)["ttl_sec"] == 1
    assert ffi.result("runtime_session_create", sid="long", ttl_sec=99_999)["ttl_sec"] == 3600
    assert ffi.result("runtime_session_create", sid="default")["ttl_sec"] == 600
    text = ffi.error("runtime_lease_create", sid="t", ttl_sec=0)
    assert text == "runtime lease ttl_sec must be greater than 0"


def test_directories_of_a_lease_are_checked(ffi: JsonCalls) -> None:
    wrong_mounts = ffi.error("runtime_lease_create", sid="t", mounts=[1])
    assert wrong_mounts == "runtime lease mounts must be one JSON object when present"
    assert ffi.error("runtime_lease_create", sid="t", cwd="a\0") == "cwd must not contain NUL bytes"
    assert ffi.error("runtime_lease_create", sid="t", lua_roots=["\0"]) == "lua_roots must not contain NUL bytes"
    assert ffi.result("runtime_lease_create", sid="t", cwd="  ")["cwd"] is None


@pytest.mark.parametrize("action", ["create", "eval", "status", "list", "close"])
def test_no_system_function_answers_without_an_authority(ffi: JsonCalls, family: str, action: str) -> None:
    """Row 134."""
    lease = ffi.result(f"system_{family}_create", sid="s", ttl_sec=60, authority="system")
    members = {"sid": "s", "lease_id": lease["lease_id"], "code": "return 1"}
    function = f"luaskills_ffi_system_{family}_{action}_json"
    refused = f"{function} requires host-injected authority: use 'system' or 'delegated_tool'"
    assert ffi.error(f"system_{family}_{action}", **members) == refused
    assert ffi.error(f"system_{family}_{action}", **members, authority=None) == refused
    unknown = ffi.error(f"system_{family}_{action}", **members, authority="root")
    assert unknown.startswith(f"{function} received invalid JSON input: unknown variant `root`")
    listed = ffi.result(f"system_{family}_list", authority="system")["leases"]
    assert [found["lease_id"] for found in listed] == [lease["lease_id"]]


@pytest.mark.parametrize("authority", ["system", "delegated_tool"])
def test_system_functions_take_either_authority(ffi: JsonCalls, family: str, authority: str) -> None:
    """Row 135."""
    who = {"authority": authority}
    lease = ffi.result(f"system_{family}_create", sid="s", ttl_sec=60, **who)
    assert evaluate(ffi, f"system_{family}", lease, "return 7", **who)["result"] == 7
    key = {"lease_id": lease["lease_id"], **who}
    assert ffi.result(f"system_{family}_status", **key)["closed"] is False
    assert [found["sid"] for found in ffi.result(f"system_{family}_list", **who)["leases"]] == ["s"]
    assert ffi.result(f"system_{family}_close", **key)["closed"] is True


def test_sessions_of_0_3_are_one_table_for_both_planes(ffi: JsonCalls) -> None:
    lease = ffi.result("system_runtime_session_create", sid="s", authority="system")
    assert evaluate(ffi, "runtime_session", lease, "return 1")["result"] == 1


def test_a_lease_belongs_to_the_profile_that_made_it(ffi: JsonCalls) -> None:
    lease = ffi.result("system_runtime_lease_create", sid="s", authority="system")
    assert (lease["profile"], lease["lifetime"], lease["ttl_sec"]) == ("system_lua_lib", "infinite", None)
    text = f"runtime session lease `{lease['lease_id']}` belongs to profile `system_lua_lib`, not `public`"
    assert refusal(evaluate(ffi, "runtime_lease", lease, "return 1")) == ("lease_profile_mismatch", text)
    assert ffi.result("runtime_lease_list")["leases"] == []
    assert len(ffi.result("system_runtime_lease_list", authority="system")["leases"]) == 1


def test_a_reload_forgets_sessions(ffi: JsonCalls, skills: SkillTree, family: str) -> None:
    """Row 138."""
    lease = ffi.result(f"{family}_create", sid="s")
    ffi.result("reload_from_roots", skill_roots=skills.chain())
    assert refusal(evaluate(ffi, family, lease, "return 1"))[0] == "lease_not_found"


def test_a_system_lease_works_in_its_library_unless_told_otherwise(ffi: JsonCalls, tmp_path: Path) -> None:
    """Row 139."""
    library = tmp_path / "library"
    ffi.new(system_lua_lib_dir=str(library))
    system = {"authority": "system"}
    lease = ffi.result("system_runtime_lease_create", sid="s", **system)
    assert (lease["cwd"], lease["system_lua_lib"]) == (str(library), str(library))
    (library / "greet.lua").write_text("return 'hello from the library'")
    code = "return {cwd = vulcan.runtime.cwd(), text = require('greet')}"
    found = evaluate(ffi, "system_runtime_lease", lease, code, **system)["result"]
    assert found == {"cwd": str(library), "text": "hello from the library"}
    elsewhere = ffi.result("system_runtime_lease_create", sid="t", cwd=str(tmp_path), **system)
    answer = evaluate(ffi, "system_runtime_lease", elsewhere, code, **system)
    assert answer["result"] == {"cwd": str(tmp_path), "text": "hello from the library"}


def test_a_lease_finds_modules_in_its_lua_roots(ffi: JsonCalls, tmp_path: Path) -> None:
    (tmp_path / "one" / "deep").mkdir(parents=True)
    (tmp_path / "one" / "deep" / "init.lua").write_text("return 42")
    lease = ffi.result("runtime_lease_create", sid="s", lua_roots=[str(tmp_path / "one"), " "])
    assert evaluate(ffi, "runtime_lease", lease, "return require('deep')")["result"] == 42


def test_an_evaluation_sees_its_invocation_context(ffi: JsonCalls, family: str) -> None:
    lease = ffi.result(f"{family}_create", sid="s")
    context = {"request_context": {"request_id": "r1"}, "client_budget": {}, "tool_config": {}}
    answer = evaluate(ffi, family, lease, "return vulcan.context.request.request_id", invocation_context=context)
    assert answer["result"] == "r1"
    assert evaluate(ffi, family, lease, "return vulcan.context.request.request_id")["result"] is None


def test_an_endless_loop_ends_at_its_timeout_and_the_session_goes_on(ffi: JsonCalls, family: str) -> None:
    """Row 132."""
    lease = ffi.result(f"{family}_create", sid="s")
    evaluate(ffi, family, lease, "kept = 1")
    code, message = refusal(evaluate(ffi, family, lease, "while true do end", timeout_ms=50))
    assert code == "eval_failed"
    assert message == "Runtime session eval error: luaexec execution timed out after 50 ms"
    assert evaluate(ffi, family, lease, "return kept")["result"] == 1


def test_answers_are_json_texts(ffi: JsonCalls) -> None:
    raw = ffi.functions.call("luaskills_ffi_runtime_session_list_json", json.dumps({"engine_id": ffi.engine}).encode())
    assert raw == b'{"ok":true,"result":{"ok":true,"leases":[]}}'
