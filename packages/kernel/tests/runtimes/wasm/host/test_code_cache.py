from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from components import wat
from pharia_kernel.runtimes.wasm.host.code_cache import CodeCache, UnsafeCache
from pharia_kernel.runtimes.wasm.host.engine import Engine, EngineOptions
from pharia_kernel.runtimes.wasm.host.host import ComponentHost
from pharia_kernel.runtimes.wasm.wasi.provider import provide_wasi

MIB = 1 << 20


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(2, 16 * MIB)


def saved(folder: Path) -> Path:
    (path,) = folder.glob("*/*.cwasm")
    return path


async def answer(folder: Path, *, quick_code: bool = False) -> str:
    with ComponentHost(EngineOptions(quick_code=quick_code), threads=1, cache_folder=folder) as host:
        component = host.load(wat.TEXT_ECHO, provide_wasi)
        execution = host.execution(component, component.function(None, "run"), None, memory_bytes=16 * MIB)
        result: str = await execution.run(["hello"])
        return result


def test_code_is_compiled_once(tmp_path: Path, engine: Engine) -> None:
    CodeCache(tmp_path, engine).load(wat.TEXT_ECHO)
    written = saved(tmp_path).stat()
    CodeCache(tmp_path, engine).load(wat.TEXT_ECHO)
    assert saved(tmp_path).stat().st_ino == written.st_ino


async def test_a_folder_that_can_not_be_made_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert await answer(tmp_path / "file" / "cache") == "hello"


@pytest.mark.parametrize("damage", [b"", b"short", b"\x7fELF" + bytes(5000)])
def test_damaged_code_is_made_again(tmp_path: Path, engine: Engine, damage: bytes) -> None:
    CodeCache(tmp_path, engine).load(wat.TEXT_ECHO)
    saved(tmp_path).write_bytes(damage)
    assert asyncio.run(answer(tmp_path)) == "hello"


def test_code_without_its_note_is_not_run(tmp_path: Path, engine: Engine) -> None:
    CodeCache(tmp_path, engine).load(wat.TEXT_ECHO)
    before = saved(tmp_path).stat().st_ino
    saved(tmp_path).with_suffix(".sha256").unlink()
    CodeCache(tmp_path, engine).load(wat.TEXT_ECHO)
    assert saved(tmp_path).stat().st_ino != before


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_others_can_write_to_is_refused(tmp_path: Path, engine: Engine, mode: int) -> None:
    folder = tmp_path / "code"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(UnsafeCache, match="chmod go-w"):
        CodeCache(folder, engine)


def test_what_is_made_is_for_this_user_alone(tmp_path: Path, engine: Engine) -> None:
    CodeCache(tmp_path / "new", engine).load(wat.TEXT_ECHO)
    assert saved(tmp_path / "new").parent.stat().st_mode & 0o077 == 0


def test_a_full_disk_costs_time_and_nothing_else(
    tmp_path: Path, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    cache = CodeCache(tmp_path, engine)
    blocked = tmp_path / engine.fingerprint / f"{hashlib.sha256(wat.TEXT_ECHO).hexdigest()}.cwasm"
    blocked.mkdir()
    (blocked / "in-the-way").touch()
    cache.load(wat.TEXT_ECHO)
    assert "could not be kept" in caplog.text


def test_processes_share_what_one_of_them_compiled(tmp_path: Path, engine: Engine) -> None:
    """Two processes start at once; whoever comes second takes the first one's code."""
    program = textwrap.dedent("""
        import sys, pathlib
        from pharia_kernel.runtimes.wasm.host.code_cache import CodeCache
        from pharia_kernel.runtimes.wasm.host.engine import Engine, EngineOptions
        CodeCache(pathlib.Path(sys.argv[1]), Engine(2, 1 << 24)).load(sys.stdin.buffer.read())
    """)
    children = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE) for _ in range(2)
    ]
    for child in children:
        child.communicate(wat.TEXT_ECHO, timeout=60)
    assert [child.returncode for child in children] == [0, 0]
    inode = saved(tmp_path).stat().st_ino
    CodeCache(tmp_path, engine).load(wat.TEXT_ECHO)
    assert saved(tmp_path).stat().st_ino == inode
    assert not [name for name in os.listdir(saved(tmp_path).parent) if name.startswith("tmp")]


def test_code_that_was_made_quickly_runs_and_is_kept_apart(tmp_path: Path, engine: Engine) -> None:
    CodeCache(tmp_path, engine).load(wat.TEXT_ECHO)
    assert asyncio.run(answer(tmp_path, quick_code=True)) == "hello"
    assert len(list(tmp_path.glob("*/*.cwasm"))) == 2


def other_echo(number: int) -> bytes:
    """The same component with a custom section of its own."""
    return wat.TEXT_ECHO + bytes([0, 2, 1, 97 + number])


def test_code_used_longest_ago_makes_room(tmp_path: Path, engine: Engine) -> None:
    CodeCache(tmp_path, engine).load(other_echo(0))
    size = saved(tmp_path).stat().st_size
    cache = CodeCache(tmp_path, engine, most_bytes=2 * size + size // 2)
    for number, age in ((0, 200), (1, 100)):
        cache.load(other_echo(number))
        path = tmp_path / engine.fingerprint / f"{hashlib.sha256(other_echo(number)).hexdigest()}.cwasm"
        os.utime(path, (time.time() - age,) * 2)
    cache.load(other_echo(0))
    cache.load(other_echo(2))
    kept = {path.stem for path in tmp_path.glob("*/*.cwasm")}
    assert kept == {hashlib.sha256(other_echo(number)).hexdigest() for number in (0, 2)}


def test_code_that_alone_is_too_large_is_kept_and_told(
    tmp_path: Path, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    CodeCache(tmp_path, engine, most_bytes=1).load(wat.TEXT_ECHO)
    assert saved(tmp_path).exists()
    assert "code-cache-bytes" in caplog.text


def test_what_is_not_valid_when_it_is_rewritten_is_compiled_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("pharia_kernel.runtimes.wasm.host.engine.rewritten", lambda binary: [binary[:-1], binary[:-2]])
    assert asyncio.run(answer(tmp_path)) == "hello"
    assert caplog.text.count("not valid any more") == 2
