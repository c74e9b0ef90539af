"""What the host functions of one running skill work on: its CSI, its output, its log, its open streams."""

from __future__ import annotations

import asyncio
import logging

from pharia_kernel.csi.csi import Csi
from pharia_kernel.errors import InvalidCsiRequest, OutputTooLarge
from pharia_kernel.runtimes.skill import SkillLimits
from pharia_kernel.telemetry.tracing import current_span_id, current_trace_id
from pharia_kernel.types import MessageAppend, MessageEnd, Output, OutputItem, Reasoning, SkillPath

_log = logging.getLogger("pharia_kernel.skill")
_TAIL_BYTES = 2000
"""Of standard error, kept to explain a crash."""
_PANIC_NOISE = (
    "thread '<unnamed>' panicked at runtime/src/lib.rs",
    "Python function threw an unexpected exception",
    "note: run with `RUST_BACKTRACE",
)
"""Lines that follow the traceback of every Python skill, and say nothing."""


class GuestLog:
    """Standard output and error of a skill, line by line, as log records."""

    def __init__(self, skill: SkillPath, limit: int) -> None:
        self._fields = {"skill": str(skill)}
        if trace_id := current_trace_id():  # where lines are written, on another thread, it is not known
            self._fields |= {"trace_id": trace_id, "span_id": current_span_id() or ""}
        self._left = limit
        self._dropped = 0
        self._open: dict[str, bytearray] = {}
        self.tail = bytearray()
        """The last of standard error."""

    def write(self, stream: str, data: bytes) -> None:
        if stream == "stderr":
            self.tail += data
            del self.tail[:-_TAIL_BYTES]
        taken = data[: self._left]
        self._left -= len(taken)
        self._dropped += len(data) - len(taken)
        if not taken:
            return
        line = self._open.setdefault(stream, bytearray())
        line += taken
        *complete, rest = line.split(b"\n")
        self._open[stream] = bytearray(rest)
        for text in complete:
            self._emit(stream, bytes(text))

    def close(self) -> None:
        for stream, line in self._open.items():
            if line:
                self._emit(stream, bytes(line))
        self._open.clear()
        if self._dropped:
            _log.warning(
                "%d bytes of output dropped: more than one call may log",
                self._dropped,
                extra={**self._fields, "stream": "stderr"},
            )

    def last_line(self) -> str:
        """Of standard error, the last that says something."""
        lines = [line.strip() for line in self.tail.decode("utf-8", "replace").splitlines()]
        return next((line for line in reversed(lines) if line and not line.startswith(_PANIC_NOISE)), "")

    def _emit(self, stream: str, line: bytes) -> None:
        if line.strip():
            _log.info("%s", line.decode("utf-8", "replace"), extra={**self._fields, "stream": stream})


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
        self.log = GuestLog(skill, limits.log_bytes)
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
