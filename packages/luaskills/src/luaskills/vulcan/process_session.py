"""A process a skill talks to: the handle `vulcan.process.session.open` returns."""

from __future__ import annotations

import time
import weakref
from collections.abc import Mapping

from luaskills.context import CallContext
from luaskills.errors import HostFunctionError
from luaskills.vulcan.arguments import Argument, Arguments, Tag, argument, byte_string, json_type, mapping
from luaskills.vulcan.child import Child, Output
from luaskills.vulcan.encodings import BASE64, Encoding, decode, encode
from luaskills.vulcan.function import Handle
from luaskills.vulcan.process_spec import Encodings

READ_TIMEOUT_MS = 100
READ_BYTES = 65_536
CLOSE_TIMEOUT_MS = 1000


class ProcessSession:
    """Owns the child; the group ends with `close`, `kill`, or when Lua forgets the handle."""

    def __init__(self, child: Child, encodings: Encodings, context: CallContext) -> None:
        self._child, self._encodings, self._context = child, encodings, context
        self._closed = False
        # not `__del__`: in a cycle the pipe could be finalized first; this keeps the child whole until it is closed
        self._end = weakref.finalize(self, child.close)

    def handle(self) -> Handle:
        """The Lua side of this session."""
        methods = {
            "write": self.write,
            "read": self.read,
            "status": self.status,
            "close": self.close,
            "kill": self.kill,
        }
        return Handle(methods)

    def write(self, given: Arguments) -> object:
        """Encode and send every text."""
        fn = "process.session.write"
        content = b"".join(_encoded(fn, i, part, self._encodings.stdin) for i, part in enumerate(given, start=1))
        if self._closed or not self._child.stdin_open:
            raise HostFunctionError(f"{fn}: stdin is closed")
        if not self._child.write(content, self._deadline(60_000)):
            raise HostFunctionError(f"{fn}: the process takes no more input")
        return True

    def read(self, given: Arguments) -> object:
        """What came since the last read; waits for data, `until_text`, the end, or the time."""
        fn = "process.session.read"
        fields = {} if argument(given, 0).absent else mapping(fn, "options", argument(given, 0))
        timeout_ms = _natural(fn, "timeout_ms", fields, READ_TIMEOUT_MS)
        most = _natural(fn, "max_bytes", fields, READ_BYTES)
        until = fields.get("until_text")
        if until is not None and not isinstance(until, str):
            raise HostFunctionError(f"{fn}: until_text must be a string, got {json_type(until)}")
        sought = None if not until else encode(until, self._encodings.stdout)
        timed_out = not self._arrived(sought, self._deadline(timeout_ms))
        with self._child.changed:
            out, err = _drain(self._child.stdout, most), _drain(self._child.stderr, most)
        shown, failures = decode(out, self._encodings.stdout), decode(err, self._encodings.stderr)
        return {
            "stdout": shown.text,
            "stderr": failures.text,
            "stdout_encoding": self._encodings.stdout.name,
            "stderr_encoding": self._encodings.stderr.name,
            "stdout_lossy": shown.lossy,
            "stderr_lossy": failures.lossy,
            "stdout_base64": shown.base64,
            "stderr_base64": failures.base64,
            "timed_out": timed_out,
        }

    def status(self, _given: Arguments) -> object:
        """Whether it runs and how it ended."""
        code = self._child.code
        exited = code is not None
        return {
            "running": not exited,
            "exited": exited,
            "success": code == 0 if exited else None,
            "code": code if code is not None and code >= 0 else None,
        }

    def close(self, given: Arguments) -> object:
        """Close stdin, wait, end what is left of the group; may be repeated."""
        fn = "process.session.close"
        fields = {} if argument(given, 0).absent else mapping(fn, "options", argument(given, 0))
        timeout_ms = _natural(fn, "timeout_ms", fields, CLOSE_TIMEOUT_MS)
        if not self._closed:
            self._child.close_stdin()
            self._child.wait(max(0.0, self._deadline(timeout_ms) - time.monotonic()))
            self._closed = True
            self._end()
        return self.status([])

    def kill(self, _given: Arguments) -> object:
        """End the whole group now."""
        self._child.kill()
        self._child.wait(5)
        return True

    def _deadline(self, timeout_ms: int) -> float:
        end = time.monotonic() + timeout_ms / 1000
        return end if self._context.deadline is None else min(end, self._context.deadline)

    def _arrived(self, sought: bytes | None, end: float) -> bool:
        child = self._child
        with child.changed:
            while True:
                if sought is not None:
                    if sought in child.stdout.content:
                        return True
                elif child.stdout.content or child.stderr.content:
                    return True
                if child.stdout.ended and child.stderr.ended:
                    return True
                left = end - time.monotonic()
                if left <= 0:
                    return False
                child.changed.wait(left)


def _drain(output: Output, most: int) -> bytes:
    taken = bytes(output.content[:most])
    del output.content[:most]
    return taken


def _encoded(fn: str, index: int, part: Argument, chosen: Encoding) -> bytes:
    if part.tag in (Tag.INTEGER, Tag.NUMBER):
        return str(part.value).encode()
    content = byte_string(fn, f"argument[{index}]", part)
    if chosen.codec == "utf-8":
        return content
    try:
        return encode(content.decode("ascii" if chosen.codec == BASE64 else "utf-8"), chosen)
    except UnicodeDecodeError:
        raise HostFunctionError(f"{fn}: argument[{index}] must be a valid UTF-8 string") from None


def _natural(fn: str, name: str, fields: Mapping[str, object], default: int) -> int:
    value = fields.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise HostFunctionError(f"{fn}: {name} must be a non-negative integer: {json_type(value)}")
    return value
