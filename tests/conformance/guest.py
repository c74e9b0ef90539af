"""A loaded component that does the steps it is given."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from pharia_kernel.errors import KernelError
from pharia_kernel.invocations import EventQueue
from pharia_kernel.runtimes.wasm.skill import WasmSkill
from pharia_kernel.types import Failed, MessageBegin, MessageEnd, SkillKind, StreamEvent

from .components import SOURCES
from .scripted_csi import ScriptedCsi

_MANY = 1000
_PATIENCE = 60
"""Seconds for a run, which takes milliseconds."""


class Guest:
    """Steps and what they give are described in ``guests/steps.py``."""

    def __init__(self, name: str, skill: WasmSkill) -> None:
        self.name = name
        self.skill = skill

    @property
    def line(self) -> str:
        return self.skill.version or "unversioned"

    async def do(self, csi: ScriptedCsi, *steps: list[Any]) -> list[Any]:
        """What each step gave, whatever the world."""
        if self.skill.kind is SkillKind.MESSAGE_STREAM:
            *_, begin, end = await self.write(csi, *steps, ["report"])
            assert isinstance(begin, MessageBegin)
            assert isinstance(end, MessageEnd)
            answer = bytes(end.payload)
        else:
            answer = await self.run(csi, *steps)
        found = json.loads(answer)
        assert isinstance(found, list)
        return found

    async def run(self, csi: ScriptedCsi, *steps: list[Any]) -> bytes:
        """The bytes a function answers, or the text of a skill without version."""
        input = json.dumps(steps).encode()
        if self.skill.version is not None:
            return await self._run(input, csi, None)
        answer: str = json.loads(await self._run(json.dumps(input.decode()).encode(), csi, None))
        return answer.encode()

    async def write(self, csi: ScriptedCsi, *steps: list[Any]) -> list[StreamEvent]:
        """What a message stream writes."""
        events, failure = await self.write_and_fail(csi, *steps)
        if failure is not None:
            raise failure
        return events

    async def write_and_fail(self, csi: ScriptedCsi, *steps: list[Any]) -> tuple[list[StreamEvent], KernelError | None]:
        """What a message stream writes, and why it ended."""
        queue = EventQueue(_MANY)
        failure = None
        try:
            assert await self._run(json.dumps(steps).encode(), csi, queue) == b""
        except KernelError as error:
            failure = error
        queue.finish(None)
        events = [event async for event in queue]
        assert not any(isinstance(event, Failed) for event in events)
        return events, failure

    async def _run(self, input: bytes, csi: ScriptedCsi, output: EventQueue | None) -> bytes:
        async with asyncio.timeout(_PATIENCE):
            return await self.skill.run(input, csi, output)


def on(*lines: str, app: str | None = None) -> pytest.MarkDecorator:
    """Run a test with the components of these lines; ``app`` picks the functions or the streams alone."""
    names = [source.name for source in SOURCES if source.line in lines and app in (None, source.app)]
    return pytest.mark.parametrize("guest", names, indirect=True)


EVERY = tuple(dict.fromkeys(source.line for source in SOURCES))
SPLIT = ("0.3", "0.4", "0.5")
"""Lines with interfaces split by topic, message streams and lists of requests."""
