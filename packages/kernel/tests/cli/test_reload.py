"""Settings that are read again: by a signal, by themselves, in one process and in several."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from doubles.eventually import until
from pharia_kernel.cli.hangup import Hangup, hangups
from pharia_kernel.cli.reload import reloading
from pharia_kernel.cli.stop import Stop
from pharia_kernel.config import Settings
from pharia_kernel.errors import ConfigError

FIRST = '[namespaces.first]\ndirectory = "."\n'
SECOND = FIRST + '[namespaces.second]\ndirectory = "."\n'


class Reloads:
    """A kernel that is given new settings."""

    def __init__(self) -> None:
        self.given: list[Settings] = []
        self.changed = asyncio.Event()

    async def reload(self, settings: Settings) -> str:
        self.given.append(settings)
        self.changed.set()
        return "something"

    async def next(self) -> Settings:
        await self.changed.wait()
        self.changed.clear()
        return self.given[-1]


async def test_a_signal_reads_them_again() -> None:
    kernel, fresh = Reloads(), Settings(log_level="debug")
    with hangups(Stop(), terminal=lambda: False) as hangup:
        async with reloading(kernel, Settings(), lambda: fresh, hangup):
            for _ in range(2):
                os.kill(os.getpid(), signal.SIGHUP)
                assert await kernel.next() is fresh


async def test_without_its_terminal_a_signal_ends_the_process() -> None:
    terminals, stop = iter([True, False]), Stop()
    with hangups(stop, terminal=lambda: next(terminals)):
        os.kill(os.getpid(), signal.SIGHUP)
        await stop.wait()
    assert stop.asked


async def test_a_change_is_noticed_where_an_interval_is_set() -> None:
    kernel, first = Reloads(), Settings(config_reload_interval=0.001)
    read = [first, first, Settings(config_reload_interval=0.001, log_level="debug")]
    async with reloading(kernel, first, lambda: read.pop(0) if len(read) > 1 else read[0], Hangup()):
        assert (await kernel.next()).log_level == "debug"
        await until(lambda: len(read) == 1)
    assert len(kernel.given) == 1, "what has not changed is not applied"


async def test_settings_that_are_wrong_are_left_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    kernel, first = Reloads(), Settings(config_reload_interval=0.001)
    reads, many = 0, asyncio.Event()
    loop = asyncio.get_running_loop()

    def read() -> Settings:
        nonlocal reads
        reads += 1
        if reads == 5:
            loop.call_soon_threadsafe(many.set)
        raise ConfigError("typo: no such setting")

    hangup = Hangup()
    async with reloading(kernel, first, read, hangup):
        await many.wait()
    assert kernel.given == []
    assert caplog.text.count("typo: no such setting") == 1


async def test_a_fault_does_not_end_the_watching(caplog: pytest.LogCaptureFixture) -> None:
    kernel, hangup = Reloads(), Hangup()
    reads: list[Exception | Settings] = [RuntimeError("a bug"), Settings()]

    def read() -> Settings:
        found = reads.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    async with reloading(kernel, Settings(), read, hangup):
        hangup.ask()
        await until(lambda: len(reads) == 1)
        hangup.ask()
        await kernel.next()
    assert "a bug" in caplog.text


@asynccontextmanager
async def kernel_process(folder: Path, *options: str) -> AsyncIterator[Process]:
    environ = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(folder), "INFERENCE": "none"}
    command = [sys.executable, "-m", "pharia_kernel", "--address", "127.0.0.1:0", *options]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environ, stdout=PIPE, stderr=PIPE, start_new_session=True
    )
    try:
        async with asyncio.timeout(100):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def url_of(process: Process) -> str:
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    assert line.startswith("Listening on http://127.0.0.1:"), line
    return line.removeprefix("Listening on ").split()[0]


async def until_known(url: str, namespace: str, times: int) -> None:
    """Asked so many times over connections of their own, whoever answers."""
    seen = 0
    while seen < times:
        async with httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as client:
            found = (await client.get(f"/v1/namespaces/{namespace}")).status_code == 200
        seen = seen + 1 if found else 0


@pytest.mark.parametrize("options", [[], ["--workers", "2"]])
async def test_a_process_and_its_workers_serve_what_is_configured_now(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "config.toml").write_text(FIRST)
    async with kernel_process(tmp_path, *options) as process:
        url = await url_of(process)
        await until_known(url, "first", 1)
        async with httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as client:
            assert (await client.get("/v1/namespaces/second")).status_code == 404
        (tmp_path / "config.toml").write_text(SECOND)
        process.send_signal(signal.SIGHUP)
        await until_known(url, "second", 20)
        process.send_signal(signal.SIGTERM)
        _, err = await process.communicate()
    assert process.returncode == 0
    assert err.count(b"the settings were read again: namespaces: added second") == (2 if options else 1)


async def test_secrets_of_settings_that_were_read_again_stay_out_of_the_log(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(FIRST)
    async with kernel_process(tmp_path) as process:
        url = await url_of(process)
        secret = "late-s3cret"
        (tmp_path / "config.toml").write_text(f"""
            openai-inference = {{ url = "http://127.0.0.1:1/v1", token = "{secret}" }}
            [namespaces.second]
            directory = "not-there-{secret}"
        """)
        process.send_signal(signal.SIGHUP)
        await until_known(url, "second", 1)
        process.send_signal(signal.SIGTERM)
        _, err = await process.communicate()
    assert b"not-there-***" in err
    assert secret.encode() not in err
