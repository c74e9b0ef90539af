"""Ctrl-C ends a command with 130, whatever Lua does at that moment."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from luaskills.cli import main

pytestmark = pytest.mark.timeout(60)
READY = "vulcan.runtime.log('info', 'ready') "
LOOPS = {
    "a loop": "while true do end",
    "a loop that calls the host": "while true do pcall(vulcan.fs.exists, '/') end",
    "a C function": "return ('a'):rep(40):find(('a?'):rep(40) .. ('a'):rep(40) .. 'b')",
    "a program": "vulcan.process.exec({program = 'sleep', args = {'60'}})",
    "programs without end": "while true do pcall(vulcan.process.exec, {program = 'sleep', args = {'60'}}) end",
}


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts ``luaskills`` and returns when a skill has said that it is ready."""
    running: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "luaskills", "--verbose", *words]
        process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stderr is not None
        assert any("ready" in line for line in process.stderr)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_a_command_ends_whatever_lua_does(started: Callable[..., subprocess.Popen[str]], loop: str) -> None:
    process = started("run-lua", READY + loop)
    process.send_signal(signal.SIGINT)
    # the end of the error stream is seen when no program of the skill holds it any more
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, "error:" in err) == (130, "", False)


def test_no_case_is_run_after_it(tmp_path: Path, run: Callable[..., Any]) -> None:
    assert run("new", "hello").status == 0
    script = (
        "import signal, sys, os\n"
        "from luaskills.cli import main\n"
        "from luaskills.testing.run import run_case\n"
        "import luaskills.cli.test as command\n"
        "def interrupted(*given):\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        return run_case(*given)\n"
        "    except KeyboardInterrupt:\n"
        "        return run_case(*given)\n"
        "command.run_case = interrupted\n"
        "sys.exit(main(['test', 'hello']))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stdout.count("hello/tests")) == (130, 0)


def test_a_program_keeps_its_own_handler(run: Callable[..., Any]) -> None:
    before = signal.getsignal(signal.SIGINT), signal.set_wakeup_fd(-1)
    assert main(["version"]) == 0
    assert (signal.getsignal(signal.SIGINT), signal.set_wakeup_fd(-1)) == before
