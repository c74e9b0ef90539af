"""Calls of one component in the kernel's host, on this thread: no event loop, no HTTP, a model that answers at once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pharia_kernel.csi.forbidden import ForbiddenCsi
from pharia_kernel.runtimes.skill import SkillLimits
from pharia_kernel.runtimes.wasm.host.code_cache import CodeCache
from pharia_kernel.runtimes.wasm.host.component import LinkedComponent
from pharia_kernel.runtimes.wasm.host.engine import Engine, EngineOptions
from pharia_kernel.runtimes.wasm.host.functions import HostFunction, running
from pharia_kernel.runtimes.wasm.host.instance import Instance
from pharia_kernel.runtimes.wasm.host.types import Interface
from pharia_kernel.runtimes.wasm.wasi.provider import provide_wasi
from pharia_kernel.runtimes.wasm.worlds.detect import detect
from pharia_kernel.runtimes.wasm.worlds.guest import Guest
from pharia_kernel.runtimes.wasm.worlds.provider import provide_csi
from pharia_kernel.types import SkillPath

PLACES = 4
ANSWER = {
    "message": {"role": "assistant", "content": " an answer ", "reasoning_content": None, "tool_calls": None},
    "finish_reason": "stop",
    "logprobs": [],
    "usage": {"prompt": 1, "completion": 2},
}


def _provide(name: str, interface: Interface) -> Mapping[str, HostFunction] | None:
    functions = provide_csi(name, interface)
    if functions is None:
        return provide_wasi(name, interface)
    at_once = {"chat": HostFunction(lambda execution, requests: [ANSWER] * len(requests))}
    return {**functions, **{member: at_once[member] for member in at_once if member in functions}}


class _Caller:
    """Stands where an execution does while the guest runs."""

    fault: BaseException | None = None
    host_call_done = True

    def __init__(self, component: LinkedComponent, limits: SkillLimits) -> None:
        self.component = component
        self.state = Guest(SkillPath("bench", "skill"), limits, ForbiddenCsi(), None)

    def begin_turn(self) -> None:
        """No host function waits here."""


class Skill:
    """A component that is ready to be called with ``input``."""

    def __init__(self, path: Path, input: bytes, code_folder: Path) -> None:
        self._input = input
        self._limits = SkillLimits()
        engine = Engine(PLACES, EngineOptions().memory_bytes)
        code = CodeCache(code_folder, engine).load(path.read_bytes())
        self._component = LinkedComponent(engine, code, _provide)
        self._run = self._component.function(detect(self._component.shape).export, "run")

    def fresh(self) -> tuple[float, float]:
        """Seconds of one call in an instance that was just made, and of making, calling and taking down together."""
        begin = time.perf_counter()
        instance = self._instance()
        ready = time.perf_counter()
        self._call(instance)
        answered = time.perf_counter()
        instance.close()
        return answered - ready, time.perf_counter() - begin

    def warm(self, calls: int) -> list[float]:
        """Seconds of each of many calls in one instance."""
        instance = self._instance()
        times = []
        for _ in range(calls):
            begin = time.perf_counter()
            self._call(instance)
            times.append(time.perf_counter() - begin)
            instance.end_call()
        instance.close()
        return times

    def _instance(self) -> Instance:
        caller: Any = _Caller(self._component, self._limits)
        running.execution = caller
        instance = Instance(self._component, self._limits.memory_bytes)
        while not instance.poll():
            pass
        return instance

    def _call(self, instance: Instance) -> None:
        instance.call(self._run, [self._input])
        while not instance.poll():
            pass
        case, answer = instance.result(self._run)
        assert case == "ok", answer
