"""Persistent sessions: rows 123 to 139 of the behaviours checklist, as far as the engine has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from luaskills.engine.callbacks import CallbackTable
from luaskills.errors import InvalidInput, SessionError


def refusal(use: Callable[[], Any]) -> tuple[str, str]:
    """Code and message of a session operation that must fail."""
    with pytest.raises(SessionError) as caught:
        use()
    return caught.value.code, str(caught.value)


# row 123
def test_globals_live_from_one_evaluation_to_the_next(each):
    sessions = each.engine().sessions
    lease = sessions.create(" s ")
    assert (lease["sid"], lease["generation"], lease["ttl_sec"]) == ("s", 1, 600)
    assert sessions.eval(lease["lease_id"], "x = 1")["result"] is None
    answer = sessions.eval(lease["lease_id"], "return x + args.y", {"y": 2}, generation=1, sid="s")
    assert (answer["result"], answer["sid"], answer["lease_id"]) == (3, "s", lease["lease_id"])
    assert answer["expires_at_unix_ms"] >= lease["expires_at_unix_ms"]
    other = sessions.create("t")["lease_id"]
    assert sessions.eval(other, "return x")["result"] is None


# rows 124, 125
def test_a_name_has_one_session_unless_it_is_replaced(site):
    sessions = site.engine().sessions
    old = sessions.create("s")["lease_id"]
    assert refusal(lambda: sessions.create("s")) == (
        "lease_exists",
        f"runtime session SID `s` already has lease `{old}`",
    )
    assert sessions.create("s", replace=True)["generation"] == 2
    for use in (lambda: sessions.eval(old, "return 1"), lambda: sessions.status(old), lambda: sessions.close(old)):
        assert refusal(use) == (
            "lease_replaced",
            f"runtime session lease `{old}` was replaced (sid `s`, generation 1)",
        )


# rows 126, 133
def test_a_busy_session_is_listed_but_not_replaced_closed_or_used(each):
    callbacks = CallbackTable()
    sessions = each.engine(callbacks=callbacks).sessions
    lease = sessions.create("s")["lease_id"]
    sessions.create("a")
    seen: list[Any] = []

    def meanwhile(_request: object) -> bool:
        seen.append([session["sid"] for session in sessions.list()])
        seen.append(refusal(lambda: sessions.create("s", replace=True)))
        seen.append(refusal(lambda: sessions.eval(lease, "return 1"))[0])
        seen.append(refusal(lambda: sessions.close(lease))[0])
        return True

    callbacks.set("host_tool", meanwhile)
    assert sessions.eval(lease, "return vulcan.host.call('x', {}).value")["result"] is True
    assert seen == [
        ["a", "s"],
        ("lease_busy", f"runtime session SID `s` cannot replace busy lease `{lease}`"),
        "lease_busy",
        "lease_busy",
    ]


# rows 127, 133
def test_a_closed_session_stays_closed(site):
    sessions = site.engine().sessions
    lease = sessions.create("s")["lease_id"]
    answer = sessions.close(lease)
    assert (answer["closed"], answer["expired"], answer["lease_id"]) == (True, False, lease)
    assert refusal(lambda: sessions.eval(lease, "return 1")) == (
        "lease_closed",
        f"runtime session lease `{lease}` is closed (sid `s`, generation 1)",
    )
    assert sessions.list() == []
    assert sessions.create("s")["generation"] == 2


# row 128
def test_the_guards_of_a_session_are_checked_on_ended_ones_too(site):
    sessions = site.engine().sessions
    lease = sessions.create("s")["lease_id"]
    for _ in range(2):
        assert refusal(lambda: sessions.status(lease, sid="t")) == (
            "lease_sid_mismatch",
            f"runtime session lease `{lease}` belongs to sid `s`, not `t`",
        )
        assert refusal(lambda: sessions.status(lease, generation=5)) == (
            "lease_generation_mismatch",
            f"runtime session lease `{lease}` generation mismatch: expected 5, actual 1",
        )
        if sessions.list():
            sessions.close(lease, sid="s", generation=1)
    assert refusal(lambda: sessions.status("rt_0_0")) == (
        "lease_not_found",
        "runtime session lease `rt_0_0` was not found",
    )


# row 129
def test_the_ninth_session_is_refused(site):
    sessions = site.engine().sessions
    leases = [sessions.create(f"s{i}")["lease_id"] for i in range(8)]
    assert refusal(lambda: sessions.create("more")) == (
        "lease_limit_exceeded",
        "runtime session lease limit exceeded",
    )
    sessions.close(leases[0])
    assert sessions.create("more")["sid"] == "more"


# rows 130, 133
def test_a_session_expires_and_is_remembered_for_an_hour(site):
    sessions = site.engine().sessions
    now = [1000.0]
    sessions.now = lambda: now[0]
    lease = sessions.create("s", ttl_sec=0)["lease_id"]
    assert sessions.status(lease)["ttl_sec"] == 1
    assert [session["sid"] for session in sessions.list()] == ["s"]
    now[0] += 2
    assert sessions.list() == []
    for use in (lambda: sessions.eval(lease, "return 1"), lambda: sessions.status(lease)):
        assert refusal(use) == ("lease_expired", f"runtime session lease `{lease}` is expired (sid `s`, generation 1)")
    now[0] += 3600
    assert refusal(lambda: sessions.status(lease))[0] == "lease_not_found"


def test_an_evaluation_renews_and_a_status_does_not(site):
    sessions = site.engine().sessions
    now = [1000.0]
    sessions.now = lambda: now[0]
    lease = sessions.create("s", ttl_sec=10_000)["lease_id"]
    assert sessions.status(lease)["ttl_sec"] == 3600
    now[0] += 5
    assert sessions.status(lease)["expires_at_unix_ms"] == 4_600_000
    assert sessions.eval(lease, "return 1")["expires_at_unix_ms"] == 4_605_000


# row 131
def test_an_error_keeps_the_session_and_its_globals(each):
    sessions = each.engine().sessions
    lease = sessions.create("s")["lease_id"]
    code, message = refusal(lambda: sessions.eval(lease, "x = 1 error('boom')"))
    assert (code, message.startswith("Runtime session eval error: "), "boom" in message) == ("eval_failed", True, True)
    assert refusal(lambda: sessions.eval(lease, "return return"))[0] == "eval_failed"
    assert sessions.eval(lease, "return x")["result"] == 1


def test_a_result_that_is_no_text_is_named_and_keeps_the_session(each):
    sessions = each.engine().sessions
    lease = sessions.create("s")["lease_id"]
    code, message = refusal(lambda: sessions.eval(lease, "x = 1 return '\\255'"))
    assert code == "eval_failed"
    assert message.startswith("Runtime session eval error: the result is not valid UTF-8: ")
    assert sessions.eval(lease, "return x")["result"] == 1


# row 132
def test_an_endless_evaluation_ends_and_the_session_is_usable(each):
    sessions = each.engine().sessions
    lease = sessions.create("s")["lease_id"]
    sessions.eval(lease, "x = 1")
    for _ in range(2):
        assert refusal(lambda: sessions.eval(lease, "while true do pcall(error) end", timeout_ms=50)) == (
            "eval_failed",
            "Runtime session eval error: luaexec execution timed out after 50 ms",
        )
    assert sessions.eval(lease, "return x")["result"] == 1
    with pytest.raises(InvalidInput, match="runtime session eval timeout_ms must be greater than 0"):
        sessions.eval(lease, "return 1", timeout_ms=0)


# row 137
@pytest.mark.parametrize(
    ("sid", "message"),
    [
        ("ü" * 65, "runtime session sid must not exceed 128 bytes"),
        ("x" * 200, "runtime session sid must not exceed 128 bytes"),
        ("  ", "runtime session sid must not be empty"),
        ("a\0b", "runtime session sid must not contain NUL bytes"),
    ],
)
def test_a_name_that_can_not_be_one_is_refused(site, sid, message):
    with pytest.raises(InvalidInput) as caught:
        site.engine().sessions.create(sid)
    assert str(caught.value) == message


# row 138
def test_a_reload_forgets_every_session(site):
    engine = site.engine()
    live, ended = engine.sessions.create("s")["lease_id"], engine.sessions.create("t")["lease_id"]
    engine.sessions.close(ended)
    engine.reload_from_roots(site.chain())
    for lease in (live, ended):
        assert refusal(lambda lease=lease: engine.sessions.status(lease))[0] == "lease_not_found"


# row 139
def test_the_directory_of_a_session_is_its_own(each, tmp_path):
    sessions = each.engine().sessions
    lease = sessions.create("s", cwd=str(tmp_path))["lease_id"]
    assert sessions.eval(lease, "return vulcan.runtime.cwd()")["result"] == str(tmp_path)
    sessions.eval(lease, "local f = io.open('x.txt', 'w') f:write('y') f:close()")
    assert (tmp_path / "x.txt").read_text() == "y"


def test_a_session_has_managed_io_no_skill_and_calls_skills(each):
    each.skill("notes", "return function() return 'called' end")
    sessions = each.engine().sessions
    lease = sessions.create("s")["lease_id"]
    code = (
        "local ok, e = pcall(vulcan.config.get, 'k') "
        "return {io.type(5), vulcan.runtime.internal.luaexec_active, ok, e, vulcan.call('notes-run'), "
        "type(vulcan.cache.put), vulcan.runtime.lua.exec == nil}"
    )
    assert sessions.eval(lease, code)["result"] == [
        "nil",
        True,
        False,
        "vulcan.config.get requires one active skill context",
        "called",
        "function",
        True,
    ]
