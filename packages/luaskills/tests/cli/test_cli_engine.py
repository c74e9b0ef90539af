"""Commands that ask an engine."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from luaskills import LuaSkillsClient

Run = Callable[..., Any]
pytestmark = pytest.mark.timeout(60)


def test_version_and_describe_make_no_engine_and_no_directories(run: Run, tmp_path: Path) -> None:
    assert run("version").json == LuaSkillsClient.version()
    assert "luaskills_ffi_call_skill_json" in run("describe").json["exported_functions"]
    assert list(tmp_path.iterdir()) == []


def test_load_and_reload_say_so_and_make_the_layout(run: Run, tmp_path: Path) -> None:
    assert run("load").json == {"loaded": True}
    assert run("reload", "--runtime-root", "other").json == {"reloaded": True}
    for root in ("luaskills-runtime", "other"):
        for layer in ("root_skills", "project_skills", "user_skills", "databases"):
            assert (tmp_path / root / layer).is_dir()


def test_list_shows_what_the_authority_sees(run: Run, notes: Path) -> None:
    """Rows 31, 168, 169."""
    assert [entry["canonical_name"] for entry in run("list").json] == ["notes-echo"]
    entries = run("list", "--authority", "system").json
    assert [entry["canonical_name"] for entry in entries] == ["notes-echo", "system-echo"]
    assert run("list", "--root-only").json == []
    assert run("list", "--no-user").json == []
    assert [entry["skill_id"] for entry in run("--authority=system", "list", "--root-only").json] == ["system"]


def test_layers_can_have_other_directories(run: Run, notes: Path) -> None:
    (notes / "user_skills").rename(notes / "mine")
    assert [entry["root_name"] for entry in run("list", "--user-skills", "mine").json] == ["USER"]
    (notes / "mine").rename(notes / "ours")
    assert [entry["root_name"] for entry in run("list", "--project-skills", "ours").json] == ["PROJECT"]


def test_help_is_listed_and_shown(run: Run, notes: Path) -> None:
    assert [tree["skill_id"] for tree in run("help-list").json] == ["notes"]
    assert run("help-detail", "notes").json["content"] == "# Notes\n"
    assert run("help-detail", "notes", "main").json["content_type"] == "markdown"
    assert run("help-detail", "system").out == "null\n"
    failed = run("help-detail", "notes", "none")
    assert (failed.status, failed.out) == (1, "")
    assert "does not declare help flow 'none'" in failed.err


def test_tools_are_looked_up(run: Run, notes: Path) -> None:
    assert run("is-skill", "notes-echo").json == {"value": True}
    assert run("is-skill", "system-echo").json == {"value": False}
    assert run("skill-name", "notes-echo").json == {"skill_id": "notes"}
    assert run("skill-name", "none").json == {"skill_id": None}
    assert run("prompt-completions", "p", "a").out == "null\n"


def test_an_entry_is_called(run: Run, notes: Path) -> None:
    """Row 168."""
    called = run("call", "notes-echo", '{"x":"ü"}', "--runtime-root", notes)
    assert called.json["content"] == "Äü"
    assert '"Äü"' in called.out
    assert (called.status, called.err) == (0, "")
    assert run("call", "notes-echo").json["content_bytes"] == 2
    assert run("call", "system-echo", "--profile", "locked").json["content"] == "Ä"


def test_lua_is_run(run: Run) -> None:
    assert run("run-lua", "return args.n * 2", '{"n": 21}').json == 42
    assert run("run-lua", "local x = 1").out == "null\n"
    assert run("run-lua", "return _VERSION", "--flavour", "lua54").json == "Lua 5.4"
    assert run("run-lua", "--", "-- nothing\nreturn 1").json == 1


def test_arguments_come_from_a_file_or_from_standard_input(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "args.json").write_text('{"n": 1}')
    assert run("run-lua", "return args.n", "@args.json").json == 1
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"n": 2}')))
    assert run("run-lua", "return args.n", "-").json == 2


def test_arguments_that_can_not_be_read_are_said_with_their_place(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "latin.json").write_bytes(b'{"n": "\xff"}')
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'"\xff"'), errors="surrogateescape"))
    for given, text in (
        ("@none.json", "error: json-args can not be read from none.json: No such file or directory\n"),
        ("@latin.json", "error: json-args from latin.json is not UTF-8: "),
        ("-", "error: json-args from standard input is not UTF-8: "),
    ):
        failed = run("run-lua", "return 1", given)
        assert (failed.status, text in failed.err) == (2, True), failed.err


def test_half_of_a_surrogate_pair_is_refused_without_a_traceback(run: Run) -> None:
    failed = run("run-lua", "return 1", '{"a": "\\ud800"}')
    assert (failed.status, failed.err.count("\n")) == (1, 1)
    assert failed.err.endswith("received invalid JSON input: a text holds half of a surrogate pair\n")


def test_letters_that_the_terminal_does_not_have_are_escaped(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, "ascii"))
    assert run("run-lua", "return 'Ä'").status == 0
    assert written.getvalue() == b'"\\u00c4"\n'


def test_a_system_error_names_the_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert run("new", "a", "--directory", "file").err == "error: file/a: Not a directory\n"


def test_a_command_without_its_action_says_what_is_missing(run: Run) -> None:
    assert run("config").err.endswith("error: the following arguments are required: action\n")


def test_skills_are_heard_only_when_asked_for(run: Run, notes: Path) -> None:
    assert "[LuaSkill:info] in" not in run("call", "notes-echo").err
    assert "[LuaSkill:info] in" in run("call", "notes-echo", "--verbose").err
    (notes / "user_skills" / "notes" / "skill.yaml").write_text("name: x")
    assert "[LuaSkill] Failed to load" in run("list").err


def test_configuration_is_kept(run: Run, notes: Path) -> None:
    assert run("config", "set", "notes", "key", "-1").json == {
        "action": "set",
        "skill_id": "notes",
        "key": "key",
        "value": "-1",
    }
    assert run("config", "get", "notes", "key").json["value"] == "-1"
    assert run("config", "list").json == [{"skill_id": "notes", "key": "key", "value": "-1"}]
    assert run("config", "list", "other").json == []
    assert run("config", "delete", "notes", "key").json["deleted"] is True
    assert run("config", "get", "notes", "key").json["found"] is False


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("config", "get", "a"), "config get <skill-id> <key>"),
        (("config", "set", "a", "b"), "config set <skill-id> <key> <value>"),
        (("config", "delete"), "config delete <skill-id> <key>"),
        (("config", "list", "a", "b"), "config list [skill-id]"),
        (("config", "drop"), "invalid choice: 'drop'"),
        (("call",), "the following arguments are required: tool"),
        (("call", "x", "{"), "json-args is not JSON: "),
        (("call", "x", "@none.json"), "json-args can not be read from none.json: No such file or directory"),
        (("list", "--authority", "root"), "invalid choice: 'root'"),
        (("list", "--lib"), "--lib requires a value"),
        (("list", "--unknown"), "unrecognized arguments: --unknown"),
        (("lst",), "invalid choice: 'lst'"),
        ((), "the following arguments are required: COMMAND"),
        (("call", "\udcff"), "an argument is not UTF-8"),
        (("install", "o/r", "--source-type", "ftp"), "invalid choice: 'ftp'"),
    ],
)
def test_wrong_usage_is_status_2(run: Run, tmp_path: Path, words: tuple[str, ...], text: str) -> None:
    """Row 170."""
    failed = run(*words)
    assert (failed.status, failed.out) == (2, "")
    assert text in failed.err
    assert list(tmp_path.iterdir()) == []


def test_a_failure_is_status_1_and_one_line(run: Run, notes: Path) -> None:
    failed = run("call", "none")
    assert (failed.status, failed.out) == (1, "")
    assert failed.err == "error: luaskills_ffi_call_skill_json: Lua skill 'none' not found\n"
    traced = run("call", "none", "--traceback")
    assert traced.err.startswith("Traceback ")
    assert traced.err.endswith(failed.err)


def test_a_library_that_is_not_there_is_an_error(run: Run) -> None:
    """Row 165."""
    failed = run("version", "--lib", "none.so")
    assert failed.status == 1
    assert "error: LuaSkills library not found: " in failed.err


def test_it_is_a_module_too(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "luaskills", "run-lua", "return 'ü'"],
        cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", timeout=50, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == "ü"


def test_a_reader_that_has_enough_ends_it_quietly(tmp_path: Path) -> None:
    command = f"{sys.executable} -m luaskills run-lua 'return string.rep(\"x\", 1000000)' | head -c 10"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=50, check=True)
    assert (done.stdout, done.stderr) == ('"xxxxxxxxx', "")
