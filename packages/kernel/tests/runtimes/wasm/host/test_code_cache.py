from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from components import wat
from pharia_kernel.runtimes.wasm.host.code_cache import CodeCache, UnsafeCache
from pharia_kernel.runtimes.wasm.host.engine import Engine, fingerprint
from pharia_kernel.runtimes.wasm.host.host import ComponentHost
from pharia_kernel.runtimes.wasm.wasi.provider import provide_wasi

MIB = 1 << 20


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(2, 16 * MIB)


def saved(folder: Path) -> Path:
    (path,) = (folder / fingerprint()).glob("*.cwasm")
    return path


async def answer(folder: Path) -> str:
    with ComponentHost(threads=1, cache_folder=folder) as host:
        component = host.load(wat.TEXT_ECHO, provide_wasi)
        execution = host.execution(component, component.function(None, "run"), None, memory_bytes=16 * MIB)
        result: str = await execution.run(["hello"])
        return result


def test_code_is_compiled_once(tmp_path: Path, engine: Engine) -> None:
    CodeCache(tmp_path).load(wat.TEXT_ECHO, engine)
    written = saved(tmp_path).stat()
    CodeCache(tmp_path).load(wat.TEXT_ECHO, engine)
    assert saved(tmp_path).stat().st_ino == written.st_ino


async def test_a_folder_that_can_not_be_made_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert await answer(tmp_path / "file" / "cache") == "hello"


@pytest.mark.parametrize("damage", [b"", b"short", b"\x7fELF" + bytes(5000)])
def test_damaged_code_is_made_again(tmp_path: Path, engine: Engine, damage: bytes) -> None:
    CodeCache(tmp_path).load(wat.TEXT_ECHO, engine)
    saved(tmp_path).write_bytes(damage)
    assert asyncio.run(answer(tmp_path)) == "hello"


def test_code_without_its_note_is_not_run(tmp_path: Path, engine: Engine) -> None:
    CodeCache(tmp_path).load(wat.TEXT_ECHO, engine)
    before = saved(tmp_path).stat().st_ino
    saved(tmp_path).with_suffix(".sha256").unlink()
    CodeCache(tmp_path).load(wat.TEXT_ECHO, engine)
    assert saved(tmp_path).stat().st_ino != before


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_others_can_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "code"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(UnsafeCache, match="chmod go-w"):
        CodeCache(folder)


def test_what_is_made_is_for_this_user_alone(tmp_path: Path, engine: Engine) -> None:
    CodeCache(tmp_path / "new").load(wat.TEXT_ECHO, engine)
    assert saved(tmp_path / "new").parent.stat().st_mode & 0o077 == 0


def test_a_full_disk_costs_time_and_nothing_else(
    tmp_path: Path, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    cache = CodeCache(tmp_path)
    blocked = tmp_path / fingerprint() / f"{hashlib.sha256(wat.TEXT_ECHO).hexdigest()}.cwasm"
    blocked.mkdir()
    (blocked / "in-the-way").touch()
    cache.load(wat.TEXT_ECHO, engine)
    assert "could not be kept" in caplog.text


def test_processes_share_what_one_of_them_compiled(tmp_path: Path, engine: Engine) -> None:
    """Two processes start at once; whoever comes second takes the first one's code."""
    program = textwrap.dedent("""
        import sys, pathlib
        from pharia_kernel.runtimes.wasm.host.code_cache import CodeCache
        from pharia_kernel.runtimes.wasm.host.engine import Engine
        CodeCache(pathlib.Path(sys.argv[1])).load(sys.stdin.buffer.read(), Engine(2, 1 << 24))
    """)
    children = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE) for _ in range(2)
    ]
    for child in children:
        child.communicate(wat.TEXT_ECHO, timeout=60)
    assert [child.returncode for child in children] == [0, 0]
    inode = saved(tmp_path).stat().st_ino
    CodeCache(tmp_path).load(wat.TEXT_ECHO, engine)
    assert saved(tmp_path).stat().st_ino == inode
    assert not [name for name in os.listdir(saved(tmp_path).parent) if name.startswith("tmp")]
