"""Runs one management operation again and again, each time killed one change of the file system later.

Reads a JSON object from standard input: ``root`` (a directory that is made anew for every run), ``template`` (what is
in it before), ``host`` (host options), ``operation`` (method of Management, or ``install_runtime``), ``plane``,
``request``, ``again`` (every how many runs that left a journal the recovery is killed too, at each of its changes; 0
never). Writes one JSON object per run: ``killed`` and ``files`` after a restart.

The kill is SIGKILL, before the n-th event by which Python audits a change: nothing of the product takes part.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from luaskills.engine.engine import Engine
from luaskills.engine.options import EngineOptions
from luaskills.install_runtime import install_runtime_assets
from luaskills.management import Management
from luaskills.management.transaction import settle

CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def kill_before(change: int) -> None:
    """Kill this process right before its n-th change."""
    seen = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if event in CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING):
            if seen == change:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1

    sys.addaudithook(hook)


def child(work: Callable[[], None]) -> bool:
    """Whether a forked process that does this was killed; any other failure ends this process too."""
    process = os.fork()
    if process == 0:
        try:
            work()
            os._exit(0)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
    status = os.waitpid(process, 0)[1]
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"a run ended with {os.waitstatus_to_exitcode(status)}")
    return False


def engine(task: dict[str, Any]) -> Engine:
    pool = {"min_size": 1, "max_size": 1, "idle_ttl_secs": 60}
    return Engine(EngineOptions.parse({"pool_config": pool, "host_options": task["host"]}))


def operate(task: dict[str, Any], change: int) -> None:
    if task["operation"] == "install_runtime":
        kill_before(change)
        install_runtime_assets(**task["request"])
        return
    management = Management(engine(task))
    kill_before(change)
    getattr(management, task["operation"])(task["plane"], task["request"])


def recover(task: dict[str, Any], change: int | None) -> None:
    if task["operation"] == "install_runtime":
        settle(Path(task["root"]), Path(task["root"], "temp", "install-runtime.json"))
        return
    management = Management(engine(task))
    if change is not None:
        kill_before(change)
    management.recover(task["request"]["skill_roots"])


def found(task: dict[str, Any], answers: dict[str, str]) -> dict[str, str]:
    """Every file and every directory of a skill root after a restart, and what the entry answers."""
    root = Path(task["root"])
    names = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if name.startswith("temp/") or name.endswith("management.lock"):
            continue
        if path.is_file():
            text = path.read_text()
            names[name] = "".join(line for line in text.splitlines(True) if "unix_ms" not in line)
        elif "_skills/" in name:
            names[name] = "directory"
    if task["operation"] == "install_runtime":
        return names
    state = json.dumps(names)
    if state not in answers:
        with engine(task) as loaded:
            loaded.load_from_roots(task["request"]["skill_roots"])
            there = loaded.is_skill("notes-run", "system")
            answers[state] = loaded.call_skill("notes-run").content if there else "none"
    return {**names, "answer": answers[state]}


def copied(source: str, target: str) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)


def main() -> None:
    task = json.load(sys.stdin)
    os.fsync = lambda _: None  # a kill does not lose what the kernel has; waiting for disks only takes time here
    answers: dict[str, str] = {}

    def tell(killed: bool) -> None:
        recover(task, None)
        print(json.dumps({"killed": killed, "files": found(task, answers)}), flush=True)

    root, crashed = task["root"], task["root"] + "-crashed"
    for change in count():
        copied(task["template"], root)
        killed = child(lambda change=change: operate(task, change))
        again = task["again"] and change % task["again"] == 0
        if again:
            copied(root, crashed)
        tell(killed)
        if not killed:
            return
        unfinished = again and Path(crashed, "state", "management.json").exists()
        for recovery in count() if unfinished else ():
            copied(crashed, root)
            twice = child(lambda recovery=recovery: recover(task, recovery))
            tell(killed)
            if not twice:
                break


if __name__ == "__main__":
    main()
