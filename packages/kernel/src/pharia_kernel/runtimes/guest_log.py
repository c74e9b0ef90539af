"""What a skill prints, line by line, as log records."""

from __future__ import annotations

import logging

from opentelemetry.trace import get_current_span

from pharia_kernel.types import SkillPath

_log = logging.getLogger("pharia_kernel.skill")
_TAIL_BYTES = 2000
"""Of standard error, kept to explain a crash."""


class GuestLog:
    """Standard output and error of a skill, line by line, as log records."""

    def __init__(self, skill: SkillPath, limit: int, noise: tuple[str, ...] = ()) -> None:
        """``limit`` is in bytes; lines that begin with ``noise`` explain nothing."""
        self._skill = skill
        self._span = get_current_span().get_span_context()
        """Of the call; where lines are written, on another thread, there is none."""
        self._noise = noise
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

    def drop(self, count: int) -> None:
        """So many bytes were too many already before they came here."""
        self._dropped += count

    def close(self) -> None:
        for stream, line in self._open.items():
            if line:
                self._emit(stream, bytes(line))
        self._open.clear()
        if self._dropped:
            _log.warning(
                "%d bytes of output dropped: more than one call may log",
                self._dropped,
                extra=self._fields("stderr"),
            )

    def last_line(self) -> str:
        """Of standard error, the last that says something."""
        lines = [line.strip() for line in self.tail.decode("utf-8", "replace").splitlines()]
        return next((line for line in reversed(lines) if line and not line.startswith(self._noise)), "")

    def _emit(self, stream: str, line: bytes) -> None:
        if line.strip():
            _log.info("%s", line.decode("utf-8", "replace"), extra=self._fields(stream))

    def _fields(self, stream: str) -> dict[str, str]:
        fields = {"skill": str(self._skill), "stream": stream}
        if self._span.is_valid:
            fields |= {"trace_id": f"{self._span.trace_id:032x}", "span_id": f"{self._span.span_id:016x}"}
        return fields
