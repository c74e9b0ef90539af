"""Runs in an interpreter of its own, which finds a copy of the kernel whose WIT files were changed.

Loads a component, lets it do steps, and prints its version with what the steps gave as JSON; or why it was refused.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pharia_kernel
from pharia_kernel.csi.types import CompleteAnswer
from pharia_kernel.errors import SkillLoadError
from pharia_kernel.runtimes.skill import MIB, SkillLimits
from pharia_kernel.runtimes.wasm import EngineOptions, WasmRuntime
from pharia_kernel.types import SkillPath

_COPY, _COMPONENT, _CODE, _STEPS = sys.argv[1:]
assert pharia_kernel.__file__.startswith(_COPY)

_LIMITS = SkillLimits(memory_bytes=96 * MIB)
_OPTIONS = EngineOptions(instances=1, memory_bytes=_LIMITS.memory_bytes, quick_code=True)


class Csi:
    async def complete(self, requests: list[object]) -> list[CompleteAnswer]:
        return [CompleteAnswer(repr(request), "stop") for request in requests]


async def main(component: bytes) -> None:
    async with WasmRuntime(_OPTIONS, cache_folder=Path(_CODE)) as runtime:
        try:
            skill = await runtime.load(SkillPath("dev", "patched"), component, _LIMITS)
        except SkillLoadError as error:
            print(json.dumps({"refused": str(error)}))
            return
        answer = await skill.run(_STEPS.encode(), Csi(), None)  # type: ignore[arg-type]  # nothing else is asked
        print(json.dumps({"version": skill.version, "answer": json.loads(answer)}))


asyncio.run(main(Path(_COMPONENT).read_bytes()))
