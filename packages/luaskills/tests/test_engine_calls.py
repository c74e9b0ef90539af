"""What an engine promises about loading and calling skills."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from luaskills.engine.callbacks import CallbackTable
from luaskills.engine.engine import Engine
from luaskills.engine.options import EngineOptions
from luaskills.errors import (
    ArgumentsInvalid,
    CallFailed,
    InvalidInput,
    ManifestError,
    ResultInvalid,
    RootChainError,
    SessionError,
    SkillBroken,
    SkillNotFound,
)
from luaskills.types import InvocationContext

Make = Callable[..., Engine]


def options(**host: Any) -> EngineOptions:
    pool = {"min_size": 1, "max_size": 4, "idle_ttl_secs": 60}
    return EngineOptions.parse({"pool_config": pool, "host_options": host})


def write_skill(root: Path, skill_id: str, body: str, *, layer: str = "root_skills", more: str = "") -> Path:
    directory = root / layer / skill_id
    (directory / "runtime").mkdir(parents=True)
    (directory / "runtime" / "e.lua").write_text(body)
    (directory / "skill.yaml").write_text(
        f"name: {skill_id}\nversion: 1.0.0\nentries:\n"
        f"  - {{name: run, lua_entry: runtime/e.lua, lua_module: {skill_id}_run{more}}}\n"
    )
    return directory


def chain(root: Path) -> list[dict[str, str]]:
    return [
        {"name": label, "skills_dir": str(root / f"{label.lower()}_skills")} for label in ("ROOT", "PROJECT", "USER")
    ]


@pytest.fixture(params=["luajit", "lua54"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    engines: list[Engine] = []

    def make(**host: Any) -> Engine:
        callbacks = host.pop("callbacks", None)
        engine = Engine(options(flavour=request.param, **host), callbacks)
        engines.append(engine)
        engine.load_from_roots(chain(tmp_path))
        return engine

    yield make
    for engine in engines:
        engine.close()


@pytest.mark.parametrize(
    ("content", "size", "lines"), [("a\\r\\nb", 3, 2), ("", 0, 0), ("x\\n", 2, 2)], ids=["crlf", "empty", "newline"]
)
def test_content_is_measured_with_plain_newlines(
    make: Make, tmp_path: Path, content: str, size: int, lines: int
) -> None:
    write_skill(tmp_path, "notes", f"return function() return '{content}' end")
    result = make().call_skill("notes-run")
    assert (result.content_bytes, result.content_lines) == (size, lines)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("{}", "actual_type='table'"),
        ("", "must return a plain string result"),
        ("'x', 'cut'", "unsupported overflow mode: cut"),
        ("'x', nil, 5", "template_hint as a string"),
        ("1, 2, 3, 4, 5", r"must return content\[, overflow_mode"),
        ("'\\255'", "invalid UTF-8 string"),
    ],
)
def test_a_wrong_result_names_what_is_wrong(make: Make, tmp_path: Path, returned: str, message: str) -> None:
    write_skill(tmp_path, "notes", f"return function() return {returned} end")
    with pytest.raises(ResultInvalid, match=message):
        make().call_skill("notes-run")


def test_mode_and_hint_are_normalised(make: Make, tmp_path: Path) -> None:
    write_skill(tmp_path, "notes", "return function() return 'x', ' page ', '  ' end")
    result = make().call_skill("notes-run")
    assert (result.overflow_mode, result.template_hint) == ("Page", None)


@pytest.mark.parametrize(
    ("capability", "message"),
    [
        ({"enabled": True, "allowed_kinds": ["other"]}, "not allowed by the host"),
        ({"enabled": True, "max_payload_bytes": 3}, "payload 7 bytes larger than host limit 3"),
    ],
)
def test_a_host_result_keeps_to_the_capability(
    make: Make, tmp_path: Path, capability: dict[str, Any], message: str
) -> None:
    write_skill(tmp_path, "notes", "return function() return 'x', nil, nil, {kind='k', payload={a=1}} end")
    engine = make()
    assert engine.call_skill("notes-run").host_result is None
    context = InvocationContext({"client_capabilities": {"host_result": capability}})
    with pytest.raises(ResultInvalid, match=message):
        engine.call_skill("notes-run", {}, context)


def test_a_higher_layer_wins_and_an_empty_directory_hides(make: Make, tmp_path: Path) -> None:
    write_skill(tmp_path, "notes", "return function() return 'project' end", layer="project_skills")
    write_skill(tmp_path, "notes", "return function() return 'user' end", layer="user_skills")
    write_skill(tmp_path, "gone", "return function() return 'user' end", layer="user_skills")
    (tmp_path / "root_skills" / "gone").mkdir(parents=True)
    engine = make()
    assert [entry["canonical_name"] for entry in engine.list_entries("system")] == ["notes-run"]
    assert engine.call_skill("notes-run").content == "project"


def test_delegated_queries_do_not_see_root(make: Make, tmp_path: Path) -> None:
    write_skill(tmp_path, "notes", "return function() return 'x' end")
    engine = make()
    assert engine.list_entries() == []
    assert engine.is_skill("notes-run", "system")
    assert engine.skill_name_for_tool("notes-run") is None
    assert engine.render_skill_help_detail("notes") is None
    assert engine.call_skill("notes-run").content == "x"
    with pytest.raises(InvalidInput, match="unknown variant `root`"):
        engine.list_entries("root")


def test_two_skills_with_one_name_get_numbers(make: Make, tmp_path: Path) -> None:
    write_skill(tmp_path, "a", "return function() return 'x' end")
    assert [e["canonical_name"] for e in make(reserved_entry_names=["a-run"]).list_entries("system")] == ["a-run-2"]


def test_a_manifest_with_an_id_fails_the_load_and_keeps_the_old_state(make: Make, tmp_path: Path) -> None:
    directory = write_skill(tmp_path, "notes", "return function() return 'x' end")
    engine = make()
    manifest = directory / "skill.yaml"
    manifest.write_text(manifest.read_text() + "skill_id: notes\n")
    with pytest.raises(ManifestError, match="must not declare skill_id"):
        engine.reload_from_roots(chain(tmp_path))
    assert engine.call_skill("notes-run").content == "x"


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([], "ROOT skill root is required"),
        (["PROJECT"], "ROOT skill root is required"),
        (["ROOT", "USER", "PROJECT"], "fixed priority"),
        (["ROOT", "TEAM"], "unsupported skill root label 'TEAM'"),
        (["ROOT", "USER", "USER"], "duplicate skill root label 'USER'"),
    ],
)
def test_a_chain_that_breaks_the_rules_is_refused(tmp_path: Path, labels: list[str], message: str) -> None:
    with Engine(options()) as engine, pytest.raises(RootChainError, match=message):
        engine.load_from_roots([{"name": label, "skills_dir": str(tmp_path / label)} for label in labels])


def test_a_broken_skill_does_not_harm_the_others(make: Make, tmp_path: Path) -> None:
    write_skill(tmp_path, "bad", "return function( end")
    write_skill(tmp_path, "boom", "return function() error('boom') end")
    write_skill(tmp_path, "vandal", "return function() string = nil; pcall = nil; vulcan.json = nil; return 'x' end")
    write_skill(tmp_path, "good", "return function() return vulcan.json.encode({string.rep('a', 2)}) end")
    engine = make()
    with pytest.raises(SkillBroken, match="Failed to compile skill 'bad::bad_run'"):
        engine.call_skill("bad-run")
    with pytest.raises(CallFailed, match=r"Lua skill 'boom-run' error: .*boom"):
        engine.call_skill("boom-run")
    assert engine.call_skill("vandal-run").content == "x"
    assert engine.call_skill("good-run").content == '["aa"]'
    with pytest.raises(SkillNotFound, match="Lua skill 'none' not found"):
        engine.call_skill("none")


def test_a_failed_nested_call_gives_the_caller_its_context_back(make: Make, tmp_path: Path) -> None:
    write_skill(tmp_path, "inner", "return function() error('no') end")
    write_skill(
        tmp_path,
        "outer",
        "return function() local ok, e = pcall(vulcan.call, 'inner-run'); "
        "return tostring(ok) .. vulcan.runtime.internal.skill_name end",
    )
    assert make().call_skill("outer-run").content == "falseouter"


def test_endless_nesting_ends_at_the_depth_limit(make: Make, tmp_path: Path) -> None:
    write_skill(tmp_path, "loop", "return function() return vulcan.call('loop-run') end")
    with pytest.raises(CallFailed, match="nested deeper than 64 levels"):
        make().call_skill("loop-run")


def test_arguments_are_checked_against_the_parameters(make: Make, tmp_path: Path) -> None:
    more = ", parameters: [{name: q, type: string, required: true}]"
    write_skill(tmp_path, "notes", "return function(a) return a.q end", more=more)
    engine = make()
    assert engine.call_skill("notes-run", {"q": "ü"}).content == "ü"
    for wrong in ({}, {"q": None}, {"q": 5}):
        with pytest.raises(ArgumentsInvalid, match="Lua skill 'notes-run' error: args"):
            engine.call_skill("notes-run", wrong)


def test_run_lua_gives_the_first_value_and_forgets_its_arguments(make: Make) -> None:
    engine = make()
    assert engine.run_lua("return 1, 2") == 1
    assert engine.run_lua("local x = 1") is None
    assert engine.run_lua("return {a = args.x, b = {1, 2}}", {"x": 5}) == {"a": 5, "b": [1, 2]}
    assert engine.run_lua("return args.x") is None


def test_a_callback_may_call_the_same_engine(make: Make, tmp_path: Path) -> None:
    write_skill(tmp_path, "inner", "return function() return 'deep' end")
    callbacks = CallbackTable()
    engine = make(callbacks=callbacks)
    callbacks.set("host_tool", lambda _request: engine.call_skill("inner-run").content)
    assert engine.run_lua("return vulcan.host.call('x', {})") == {"ok": True, "value": "deep"}


def test_calls_run_at_the_same_time(make: Make) -> None:
    """Each call waits in its callback until all four are there."""
    barrier = threading.Barrier(4, timeout=20)
    callbacks = CallbackTable()
    callbacks.set("host_tool", lambda _request: barrier.wait() >= 0)
    engine = make(callbacks=callbacks)
    results: list[Any] = []
    threads = [
        threading.Thread(target=lambda: results.append(engine.run_lua("return vulcan.host.call('x', {}).value")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 4


def test_a_session_keeps_its_globals_until_it_ends(make: Make) -> None:
    sessions = make().sessions
    lease = sessions.create(" s ")
    sessions.eval(lease["lease_id"], "x = 1")
    assert sessions.eval(lease["lease_id"], "return x", generation=1, sid="s")["result"] == 1
    for wrong, code in (({"sid": "t"}, "lease_sid_mismatch"), ({"generation": 2}, "lease_generation_mismatch")):
        with pytest.raises(SessionError) as caught:
            sessions.status(lease["lease_id"], **wrong)
        assert caught.value.code == code
    with pytest.raises(SessionError, match="already has lease"):
        sessions.create("s")
    assert sessions.create("s", replace=True)["generation"] == 2
    with pytest.raises(SessionError, match="was replaced"):
        sessions.eval(lease["lease_id"], "return x")


def test_a_session_expires_and_is_remembered(make: Make) -> None:
    sessions = make().sessions
    now = [1000.0]
    sessions.now = lambda: now[0]
    lease = sessions.create("s", ttl_sec=0)["lease_id"]
    now[0] += 1
    with pytest.raises(SessionError, match=r"is expired \(sid `s`, generation 1\)"):
        sessions.status(lease)
    now[0] += 3600
    with pytest.raises(SessionError, match="was not found"):
        sessions.status(lease)
