"""Session clients and handles."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from luaskills import Authority, LuaSkillsClient, LuaSkillsError, RuntimeLeaseClient, RuntimeSessionClient
from luaskills import RuntimeSessionHandle as Handle

if TYPE_CHECKING:
    from conftest import SkillTree

COUNT = "counter = (counter or 0) + (args.by or 1); return counter"


@pytest.fixture(params=["sessions", "leases", "system sessions", "system leases"])
def sessions(request: pytest.FixtureRequest, client: LuaSkillsClient) -> RuntimeSessionClient:
    owner: Any = client.system(Authority.DELEGATED_TOOL) if request.param.startswith("system") else client
    made = owner.runtime_leases() if request.param.endswith("leases") else owner.runtime_sessions()
    assert isinstance(made, RuntimeSessionClient)
    assert isinstance(made, RuntimeLeaseClient) is request.param.endswith("leases")
    return made


def test_a_handle_counts_through_its_life(sessions: RuntimeSessionClient) -> None:
    """Rows 123, 135: the system clients of these tests have the authority of a delegated tool."""
    handle = sessions.create_handle("count", ttl_sec=60)
    assert (handle.sid, handle.generation) == ("count", 1)
    assert handle.eval(COUNT)["result"] == 1
    assert handle.eval(COUNT, {"by": 5}, 10_000, {"request_context": {}})["result"] == 6
    assert handle.status()["closed"] is False
    assert handle.close()["closed"] is True
    assert handle.status()["error_code"] == handle.close()["error_code"] == "lease_closed"


def test_a_handle_comes_back_from_its_identity(sessions: RuntimeSessionClient) -> None:
    """Row 136."""
    first = sessions.create_handle("kept", ttl_sec=60)
    first.eval(COUNT)
    kept = json.dumps(first.identity_payload())
    again = sessions.bind_handle(json.loads(kept))
    assert again.eval(COUNT)["result"] == 2
    assert first.eval(COUNT)["result"] == 3
    found = sessions.find_handle("kept")
    assert found is not None
    assert found.identity_payload() == first.identity_payload()
    assert sessions.find_handle("nobody") is None
    assert [handle.sid for handle in sessions.list_handles()] == ["kept"]


def test_a_handle_of_a_replaced_session_is_stale(sessions: RuntimeSessionClient) -> None:
    """Row 125."""
    old = sessions.create_handle("s", ttl_sec=60)
    sessions.create_handle("s", ttl_sec=60, replace=True)
    assert old.status()["error_code"] == "lease_replaced"


def test_errors_of_create_and_eval_are_raised(client: LuaSkillsClient) -> None:
    sessions, leases = client.runtime_sessions(), client.runtime_leases()
    handle = sessions.create_handle("s")
    with pytest.raises(RuntimeError, match=r"^runtime session create failed: lease_exists: runtime session SID `s`"):
        sessions.create("s")
    with pytest.raises(RuntimeError, match=r"^runtime lease create failed: lease_exists: "):
        leases.create("s")
    with pytest.raises(RuntimeError, match=r"^runtime session eval failed: eval_failed: Runtime session eval error: "):
        handle.eval("error('x')")
    raw = sessions.call_raw("eval", {**handle.identity_payload(), "code": "error('x')"})
    assert (raw["ok"], raw["error_code"]) == (False, "eval_failed")
    with pytest.raises(ValueError, match="unsupported runtime session action: explode"):
        sessions.call_raw("explode", {})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({"sid": "s", "generation": 1}, "string field: lease_id"),
        ({"lease_id": "l", "generation": 1}, "string field: sid"),
        ({"lease_id": "l", "sid": "s"}, "integer field: generation"),
        ({"lease_id": "l", "sid": "s", "generation": True}, "integer field: generation"),
    ],
)
def test_a_payload_without_identity_is_refused(client: LuaSkillsClient, payload: Any, field: str) -> None:
    with pytest.raises(RuntimeError, match=f"runtime session payload is missing required {field}"):
        Handle.from_payload(client.runtime_sessions(), payload)


def test_only_system_clients_use_system_functions(client: LuaSkillsClient) -> None:
    assert client.runtime_sessions().uses_system_runtime_session_endpoints() is False
    assert client.system().runtime_sessions().uses_system_runtime_session_endpoints() is True
    assert client.system().runtime_leases().uses_system_runtime_lease_endpoints() is True


def test_a_library_without_system_sessions_is_noticed_at_once(
    client: LuaSkillsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client.ffi, "exports", lambda name: "system_" not in name)
    client.runtime_sessions()
    with pytest.raises(LuaSkillsError, match="does not export luaskills_ffi_system_runtime_session_create_json"):
        client.system().runtime_sessions()


def test_a_lease_takes_directories(client: LuaSkillsClient, skills: SkillTree) -> None:
    skills.root.joinpath("modules").mkdir()
    skills.root.joinpath("modules", "answer.lua").write_text("return 42")
    handle = client.runtime_leases().create_handle(
        "s", cwd=str(skills.root), lua_roots=[str(skills.root / "modules")], mounts={"channel": "test"}
    )
    found = handle.eval("return {require('answer'), vulcan.runtime.cwd()}")
    assert found["result"] == [42, str(skills.root)]
    assert found["profile"] == "public"
