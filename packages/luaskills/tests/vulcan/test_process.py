"""`vulcan.process`: results, limits, bad specs, sessions."""

from __future__ import annotations

import gc
import os
import threading
import time
from pathlib import Path

import pytest

from luaskills.vulcan import process
from luaskills.vulcan.child import Child
from luaskills.vulcan.encodings import encoding
from luaskills.vulcan.process_session import ProcessSession
from luaskills.vulcan.process_spec import Encodings


def gone(pid: int) -> bool:
    """Whether a process ends within five seconds."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


# row 88
def test_a_failing_command_is_a_result(each):
    result = each.json("return vulcan.process.exec('printf out; printf err >&2; exit 3')")
    assert (result["ok"], result["success"], result["code"]) == (False, False, 3)
    assert (result["stdout"], result["stderr"], result["error"]) == ("out", "err", "process exited with code 3")


def test_a_command_that_works_has_no_error(bench):
    result = bench.json("return vulcan.process.exec{command = 'cat', stdin = 'grün'}")
    assert (result["ok"], result["code"], result["stdout"]) == (True, 0, "grün")
    assert "error" not in result


def test_a_process_that_a_signal_ends_has_no_code(bench):
    result = bench.json("return vulcan.process.exec('kill -9 $$')")
    assert (result["ok"], result["error"]) == (False, "process terminated without an exit code")
    assert "code" not in result


# row 89
def test_numbers_and_booleans_are_arguments(bench):
    code = "return vulcan.process.exec{program = 'printf', args = {'%s-%s', 1, true}}"
    assert bench.json(code)["stdout"] == "1-true"


def test_surroundings(bench, tmp_path):
    code = "local d = ... return vulcan.process.exec{command = 'pwd; echo $X', cwd = d, env = {X = 5}}"
    assert bench.json(code, str(tmp_path))["stdout"] == f"{tmp_path}\n5\n"


# row 91
def test_an_unknown_program_is_a_result(bench):
    result = bench.json("return vulcan.process.exec{program = 'no-such-program-here'}")
    assert result["error"].startswith("failed to spawn process: ")
    assert result["stderr"] == result["error"]
    assert "code" not in result


# row 92
def test_the_time_limit_ends_the_whole_tree(bench, tmp_path):
    script = "sleep 100 & echo $! > pid; echo before; wait"
    code = "local d, s = ... return vulcan.process.exec{command = s, cwd = d, timeout_ms = 300}"
    result = bench.json(code, str(tmp_path), script)
    assert (result["timed_out"], result["stdout"]) == (True, "before\n")
    assert result["error"] == result["stderr"] == "process execution timed out after 300 ms"
    assert gone(int((tmp_path / "pid").read_text()))


def test_the_deadline_of_the_call_holds_too(bench):
    bench.context.deadline = time.monotonic() + 0.2
    assert bench.json("return vulcan.process.exec('sleep 100')")["timed_out"] is True


def test_a_descendant_that_keeps_the_pipes_open_does_not_block(bench, tmp_path):
    code = "local d = ... return vulcan.process.exec{command = 'sleep 100 & echo $! > pid; echo hi', cwd = d}"
    result = bench.json(code, str(tmp_path))
    assert (result["ok"], result["stdout"]) == (True, "hi\n")
    assert gone(int((tmp_path / "pid").read_text()))


def test_output_without_end_is_cut_off(bench, monkeypatch):
    monkeypatch.setattr(process, "OUTPUT_BYTES", 1000)
    result = bench.json("return vulcan.process.exec('yes')")
    assert (result["error"], len(result["stdout"])) == ("process output exceeded 1000 bytes", 1000)


def test_a_process_that_does_not_read_its_input_does_not_block(bench):
    code = "return vulcan.process.exec{command = 'true', stdin = string.rep('x', 1000000)}"
    assert bench.json(code)["ok"] is True


# row 93
def test_output_in_another_encoding(bench):
    result = bench.json("return vulcan.process.exec{command = [[printf '\\304\\343']], encoding = 'GBK'}")
    assert (result["stdout"], result["stdout_lossy"], result["stdout_encoding"]) == ("你", False, "gbk")


# row 94
def test_output_that_is_no_text_is_kept_beside(bench):
    result = bench.json("return vulcan.process.exec([[printf 'a\\377']])")
    assert (result["stdout"], result["stdout_lossy"], result["stdout_base64"]) == ("a\ufffd", True, "Yf8=")
    result = bench.json("return vulcan.process.exec{command = [[printf 'a\\377']], stdout_encoding = 'base64'}")
    assert (result["stdout"], result["stdout_lossy"], result["stdout_base64"]) == ("Yf8=", False, "Yf8=")


def test_input_the_encoding_does_not_have_is_a_result(bench):
    result = bench.json("return vulcan.process.exec{command = 'cat', stdin = '你', stdin_encoding = 'latin1'}")
    assert result["error"].startswith("failed to encode process stdin: ")


# row 90
@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("5", "expected a string or table, got integer"),
        ("{}", "expected a string command or a table with command"),
        ("{command = 'a', program = 'b'}", "command and program are mutually exclusive"),
        ("{command = 'a', args = {'b'}}", "args is only supported with program mode"),
        ("{command = 'a', shell = false}", "shell=false cannot be used with command mode"),
        ("{program = 'a', shell = true}", "shell=true requires command mode"),
        ("{program = 'a', shell = 'bash'}", 'shell="bash" requires command mode'),
        ("{command = 'a', shell = 5}", "shell must be a boolean or string when provided: integer"),
        ("{command = 'a', shell = 'fish'}", "shell must be one of: sh, bash, zsh, pwsh, powershell, cmd"),
        ("{command = 'a', timeout_ms = 0}", "timeout_ms must be a positive integer in milliseconds: integer"),
        ("{command = 'a', timeout_ms = 'x'}", "timeout_ms must be a positive integer in milliseconds: string"),
        ("{command = 'a', encoding = 'x'}", "encoding: unsupported text encoding `x`"),
        ("{command = ' '}", "command must not be empty"),
        ("{program = 'a\\0'}", "program must not contain NUL bytes"),
        ("{program = 'a', args = {'\\0'}}", "args[1] must not contain NUL bytes"),
        ("{program = 'a', args = 'x'}", "args must be an array, got string"),
        ("{program = 'a', env = {['A=B'] = 'x'}}", "env has an invalid variable name `A=B`"),
        ("{program = '\\255'}", "program must be a valid UTF-8 string"),
    ],
)
def test_bad_specs_are_errors(bench, spec, message):
    assert bench.refusal(f"return vulcan.process.exec({spec})") == f"process.exec: {message}"


def test_a_shell_that_is_not_there_is_named(bench, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    text = bench.refusal("return vulcan.process.exec{command = 'a', shell = 'zsh'}")
    assert text.startswith("process.exec: shell `zsh` is not available in the current host; available shell values: sh")


# row 95
def test_the_default_shell_is_not_looked_up_but_a_named_one_is(bench, monkeypatch, tmp_path):
    for name in ("sh", "bash"):
        fake = tmp_path / name
        fake.write_text("#!/bin/sh\necho fake\n")
        fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert bench.json("return vulcan.process.exec('echo real')")["stdout"] == "real\n"
    assert bench.json("return vulcan.process.exec{command = 'echo real', shell = ' BASH '}")["stdout"] == "fake\n"


def test_programs_are_found(bench, tmp_path):
    assert bench.run("return vulcan.process.which('sh')").endswith("/sh")
    assert bench.run(
        "return vulcan.process.which('no-such-program-here'), vulcan.process.which(...)", str(tmp_path)
    ) == (
        None,
        None,
    )
    launchers = bench.json("return vulcan.process.launchers()")
    assert launchers["default"] == launchers["shells"][0] == "sh"


class TestSession:
    # row 96
    def test_a_conversation(self, each):
        assert each.run(
            "local s = vulcan.process.session.open{program = 'cat'}"
            "s:write('pi', 'ng\\n') local r = s:read{until_text = 'ping', timeout_ms = 5000}"
            "local before = s:status() local after = s:close()"
            "return r.stdout, r.timed_out, before.running, after.exited, after.code"
        ) == ("ping\n", False, True, True, 0)

    def test_nothing_to_read_is_a_timeout(self, bench):
        code = (
            "local s = vulcan.process.session.open{program = 'cat'}"
            " local r = s:read{timeout_ms = 10} s:close() return r"
        )
        assert bench.json(code)["timed_out"] is True

    def test_writing_after_close_is_refused(self, bench):
        code = "local s = vulcan.process.session.open{program = 'cat'} s:close() s:close() s:write('x')"
        assert bench.refusal(code) == "process.session.write: stdin is closed"

    def test_the_oldest_output_is_dropped(self, bench):
        code = (
            "local s = vulcan.process.session.open{program = 'sh', args = {'-c', 'printf 0123456789; printf END >&2'},"
            "buffer_limit_bytes = 4} s:close{timeout_ms = 5000} return s:read{timeout_ms = 5000}.stdout"
        )
        assert bench.run(code) == "6789"

    # row 97
    def test_kill_ends_descendants_and_readers(self, bench):
        before = set(threading.enumerate())
        code = (
            "local s = vulcan.process.session.open{program = 'sh', args = {'-c', 'sleep 100 & echo $!; wait'}}"
            "local r = s:read{until_text = '\\n', timeout_ms = 5000} return s, r.stdout"
        )
        session, pid = bench.run(code)
        readers = set(threading.enumerate()) - before
        assert len(readers) == 2
        assert bench.run("local s = ... s:kill() return s:status().running", session) is False
        assert gone(int(pid))
        for reader in readers:
            reader.join(30)
        assert not any(reader.is_alive() for reader in readers)

    def test_a_forgotten_session_ends(self, bench):
        code = (
            "local s = vulcan.process.session.open{program = 'sh', args = {'-c', 'echo $$; exec sleep 100'}}"
            "return s:read{until_text = '\\n', timeout_ms = 5000}.stdout"
        )
        pid = int(bench.run(code))
        bench.run("collectgarbage() collectgarbage()")
        gc.collect()
        assert gone(pid)

    def test_a_session_forgotten_in_a_cycle_ends_as_well(self, bench):
        """Warnings are errors: no pipe or process may be finalized before the session that owns it."""
        child = Child(["sleep", "100"], cwd=None, env={}, stdin=True, limit_bytes=10, drop_oldest=True)
        utf8 = encoding("utf-8")
        session = ProcessSession(child, Encodings(utf8, utf8, utf8), bench.context)
        session.myself = session
        pid = child._process.pid
        del child, session
        gc.collect()
        assert gone(pid)

    @pytest.mark.parametrize(
        ("spec", "message"),
        [
            ("{}", "process.session.open: program must be a string, got nil"),
            ("5", "process.session.open: spec must be a table, got integer"),
            (
                "{program = 'cat', buffer_limit_bytes = 0}",
                "process.session.open: buffer_limit_bytes must be a positive",
            ),
            ("{program = 'no-such-program-here'}", "process.session.open: failed to spawn process: "),
        ],
    )
    def test_bad_specs_are_errors(self, bench, spec, message):
        assert bench.refusal(f"return vulcan.process.session.open({spec})").startswith(message)

    def test_the_metatable_of_a_handle_is_closed(self, each):
        code = "local s = vulcan.process.session.open{program = 'cat'} s:close() return getmetatable(s)"
        assert each.run(code) is False
