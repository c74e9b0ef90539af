"""What the host functions of one running skill work on: its CSI, its output, its log, its open streams."""

from __future__ import annotations

import asyncio

from pharia_kernel.csi.csi import Csi
from pharia_kernel.errors import InvalidCsiRequest, OutputTooLarge
from pharia_kernel.runtimes.guest_log import GuestLog
from pharia_kernel.runtimes.skill import SkillLimits
from pharia_kernel.types import MessageAppend, MessageEnd, Output, OutputItem, Reasoning, SkillPath

_PANIC_NOISE = (
    "thread '<unnamed>' panicked at runtime/src/lib.rs",
    "Python function threw an unexpected exception",
    "note: run with `RUST_BACKTRACE",
)
"""Lines that follow the traceback of every Python skill, and say nothing."""


class StreamOutput:
    """What a guest holds while it may write, until its call ends; the output itself is that of the call."""

    def close(self) -> None:
        """Nothing is held."""


class Guest:
    """State of one execution."""

    def __init__(
        self, skill: SkillPath, limits: SkillLimits, csi: Csi, output: Output | None, standard_input: bytes = b""
    ) -> None:
        self.csi = csi
        self.output = output
        self.standard_input = standard_input
        self.log = GuestLog(skill, limits.log_bytes, _PANIC_NOISE)
        self.tasks: set[asyncio.Task[None]] = set()
        self._limits = limits
        self._written = 0

    def write_output(self, stream: str, data: bytes) -> None:
        self.log.write(stream, data)

    def count_item(self, item: OutputItem) -> None:
        """Bound what a stream writes in all."""
        match item:
            case MessageAppend(text=text) | Reasoning(text=text):
                self._written += len(text)
            case MessageEnd(payload=payload):
                self._written += len(bytes(payload))
        self.check_output(self._written)

    def check_output(self, size: int) -> None:
        if size > self._limits.output_bytes:
            raise OutputTooLarge(
                f"the skill's output has more than {self._limits.output_bytes} bytes, the most a call may answer"
            )

    def check_streams(self, count: int) -> None:
        """May another stream be opened beside ``count`` others?"""
        if count >= self._limits.open_streams:
            raise InvalidCsiRequest(f"the skill has {count} streams open, the most it may")

    async def aclose(self) -> None:
        """End the requests of streams the skill left open, and wait until the backends are let go."""
        for task in list(self.tasks):
            task.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks)
        self.log.close()
