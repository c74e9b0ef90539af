"""A process that may have little address space runs components all the same."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

TESTS = Path(__file__).parents[3]
PROGRAM = textwrap.dedent("""
    import asyncio, resource
    resource.setrlimit(resource.RLIMIT_AS, (20_000_000_000,) * 2)
    from components import wat
    from pharia_kernel.runtimes.wasm.host.errors import PoolExhausted
    from pharia_kernel.runtimes.wasm.host.host import ComponentHost
    from pharia_kernel.runtimes.wasm.host.instance import Instance
    from pharia_kernel.runtimes.wasm.wasi.provider import provide_wasi

    def fill(component):
        held = []
        try:
            while True:
                held.append(Instance(component, 1 << 24))
                while not held[-1].poll():
                    pass
        except PoolExhausted as error:
            return str(error)
        finally:
            for each in held:
                each.close()

    async def main():
        with ComponentHost(threads=1) as host:
            component = host.load(wat.TEXT_ECHO, provide_wasi)
            reason = fill(component)
            run = component.function(None, "run")
            return reason, await host.execution(component, run, None, memory_bytes=1 << 24).run(["hello"])

    print(*asyncio.run(main()), sep="|")
""")


def test_instances_get_memory_one_by_one_as_long_as_there_are_addresses() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=TESTS, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    reason, answer = ended.stdout.strip().split("|")
    assert "no more address space" in reason
    assert answer == "hello"
    assert "each instance gets memory of its own" in ended.stderr
