"""An engine in a process of its own: what nothing inside a process can stop, and what kills the process."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from luaskills.engine.callbacks import CallbackTable
from luaskills.engine.worker import WorkerEngine
from luaskills.errors import CallFailed, EngineClosed, LimitExceeded, SkillNotFound, WorkerFailed

OPTIONS = {"pool_config": {"min_size": 1, "max_size": 4, "idle_ttl_secs": 60}, "host_options": {}}
PATTERN = "string.find(string.rep('a', 40), string.rep('a?', 40) .. string.rep('a', 40) .. 'b')"
UNSTOPPABLE = {
    "a pattern": f"return {PATTERN}",
    "a caught pattern": f"while true do pcall(function() return {PATTERN} end) end",
    "a text": "return string.find(string.rep('a', 2e7), string.rep('a', 1e7) .. 'b', 1, true)",
    "the operating system": "os.execute('sleep 1000')",
    "compiled code": "while true do end",
}

Make = Callable[..., WorkerEngine]


@pytest.fixture
def make() -> Iterator[Make]:
    workers: list[WorkerEngine] = []

    def make(**more: Any) -> WorkerEngine:
        workers.append(WorkerEngine(OPTIONS, **{"deadline_ms": 60_000, **more}))
        return workers[-1]

    yield make
    for worker in workers:
        worker.close()


@pytest.mark.parametrize("code", UNSTOPPABLE.values(), ids=list(UNSTOPPABLE))
def test_nothing_outlives_the_deadline(make: Make, code: str) -> None:
    worker = make(deadline_ms=300)
    with pytest.raises(LimitExceeded, match="execution timed out after 300 ms: the worker was killed") as caught:
        worker.run_lua(code)
    assert caught.value.code == "time_limit"


def test_processes_of_a_killed_worker_end_with_it(make: Make, tmp_path: Path) -> None:
    worker = make(deadline_ms=2000)
    script = f"echo $$ > {tmp_path}/%s; exec sleep 1000"
    with pytest.raises(LimitExceeded):
        worker.run_lua(
            f"vulcan.process.session.open({{program = 'sh', args = {{'-c', '{script % 'session'}'}}}}) "
            f"os.execute('{script % 'system'}')"
        )
    for name in ("session", "system"):
        assert not _runs(int((tmp_path / name).read_text()))


def _runs(pid: int) -> bool:
    """Whether a process still runs; it has a moment to end after its signal."""
    for _ in range(200):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return False
        except OSError:
            return False
        time.sleep(0.05)
    return True


def test_after_a_kill_the_next_call_has_the_same_skills(make: Make, site: Any) -> None:
    site.skill("notes", "return function(args) return args.x end")
    worker = make(deadline_ms=3000)
    worker.load_from_roots(site.chain())
    with pytest.raises(LimitExceeded):
        worker.run_lua(UNSTOPPABLE["a pattern"])
    assert worker.call_skill("notes-run", {"x": "ü"}).content == "ü"


def test_errors_keep_their_kinds(make: Make) -> None:
    worker = make()
    with pytest.raises(SkillNotFound, match="Lua skill 'x' not found"):
        worker.call_skill("x")
    with pytest.raises(CallFailed, match="boom"):
        worker.run_lua("error('boom')")


def test_callbacks_of_the_host_are_asked(make: Make) -> None:
    def tool(request: Any) -> Any:
        if request["tool_name"] == "bad":
            raise RuntimeError("no")
        return {"pid": os.getpid(), "args": request["args"]}

    callbacks = CallbackTable()
    callbacks.set("host_tool", tool)
    worker = make(callbacks=callbacks)
    assert worker.run_lua("return vulcan.host.call('x', {a = {1}})") == {"pid": os.getpid(), "args": {"a": [1]}}
    assert worker.run_lua("return vulcan.host.call('bad', {}).error.message") == "no"


def test_ten_megabytes_go_both_ways(make: Make) -> None:
    text = "y" * 10_000_000
    assert make().run_lua("return args.x", {"x": text}) == text


def test_a_worker_that_dies_is_an_error_and_the_next_call_has_another(make: Make) -> None:
    worker = make(memory_bytes=300 * 1024 * 1024)
    with pytest.raises((WorkerFailed, LimitExceeded, CallFailed)):
        worker.run_lua("local t = {} for i = 1, 1000 do t[i] = ('x'):rep(1e6) .. i end return 1")
    with pytest.raises(WorkerFailed, match="died during the call"):
        worker.run_lua("vulcan.process.exec('kill -9 $PPID')")
    assert worker.run_lua("return 1") == 1


def test_a_hostile_worker_does_not_hold_up_another(make: Make) -> None:
    hostile, good = make(deadline_ms=3000), make()
    ended = threading.Event()

    def attack() -> None:
        with pytest.raises(LimitExceeded):
            hostile.run_lua(UNSTOPPABLE["a pattern"])
        ended.set()

    thread = threading.Thread(target=attack)
    thread.start()
    assert [good.run_lua("return 1") for _ in range(5)] == [1] * 5
    thread.join()
    assert ended.is_set()


def test_a_closed_worker_refuses(make: Make) -> None:
    worker = make()
    worker.close()
    with pytest.raises(EngineClosed):
        worker.run_lua("return 1")
