"""`vulcan.io`: files as texts and handles. Failures are Lua errors, never `nil, message`."""

from __future__ import annotations

from collections.abc import Mapping

from luaskills.context import CallContext
from luaskills.errors import HostFunctionError
from luaskills.vulcan import shells
from luaskills.vulcan.arguments import (
    Argument,
    Arguments,
    Tag,
    argument,
    byte_string,
    filled_text,
    path_text,
    table,
    text,
)
from luaskills.vulcan.encodings import Encoding, decode, default_encoding, encode, encoding
from luaskills.vulcan.file_bytes import read_file, write_file
from luaskills.vulcan.function import HostFunction, Iterator
from luaskills.vulcan.open_file import OpenFile
from luaskills.vulcan.policy import Policy
from luaskills.vulcan.process import run
from luaskills.vulcan.process_spec import Encodings, ProcessSpec, positive

POPEN_TIMEOUT_MS = 60_000
_MODES = frozenset(m + plus + b for m in "rwa" for plus in ("", "+") for b in ("", "b")) | {"rb+", "wb+", "ab+"}


class IoTable:
    """The functions of `vulcan.io` for one VM."""

    def __init__(self, context: CallContext, policy: Policy) -> None:
        self._context, self._policy = context, policy

    def functions(self) -> Mapping[str, HostFunction]:
        """The table, by function name."""
        return {
            "open": self.open,
            "read_text": self.read_text,
            "write_text": self.write_text,
            "append_text": self.append_text,
            "lines": self.lines,
            "popen": self.popen,
            "tmpfile": self.tmpfile,
        }

    def open(self, given: Arguments) -> object:
        """A handle. Modes as in Lua; in text mode the encoding of the options applies."""
        fn = "vulcan.io.open"
        path = path_text(fn, "path", argument(given, 0))
        mode = "r" if argument(given, 1).absent else text(fn, "mode", argument(given, 1))
        if mode not in _MODES:
            raise HostFunctionError(f"{fn}: unsupported mode `{mode}`")
        chosen = None if "b" in mode else self._encoding(fn, argument(given, 2))
        kind = mode[0]
        if kind == "r":
            if "+" in mode:
                self._policy.file(fn, path, "write")
            content = read_file(self._policy, fn, path)
        else:
            write_file(self._policy, fn, path, b"", append=kind == "a")
            content = read_file(self._policy, fn, path) if mode.startswith("a") and "+" in mode else b""
        target = self._policy.file(fn, path, "read" if mode in ("r", "rb") else "write")

        def store(changed: bytes, behind: bool) -> None:
            write_file(self._policy, "file:flush", target, _outgoing("file:flush", changed, chosen), append=behind)

        return OpenFile(
            _incoming(content, chosen),
            readable=kind == "r" or "+" in mode,
            writable=kind != "r" or "+" in mode,
            appending=kind == "a",
            store=store,
            limit_bytes=self._policy.file_bytes,
        ).handle()

    def read_text(self, given: Arguments) -> object:
        """A whole file, decoded."""
        path = path_text("read_text", "path", argument(given, 0))
        chosen = self._encoding("read_text", argument(given, 1))
        return decode(read_file(self._policy, "read_text", path), chosen).text

    def write_text(self, given: Arguments) -> object:
        """Create or replace a file."""
        return self._write("write_text", given, append=False)

    def append_text(self, given: Arguments) -> object:
        """Extend a file, which may be new."""
        return self._write("append_text", given, append=True)

    def lines(self, given: Arguments) -> object:
        """An iterator over the lines of a file, without their ends."""
        path = path_text("vulcan.io.lines", "path", argument(given, 0))
        chosen = self._encoding("vulcan.io.lines", argument(given, 1))
        content = _incoming(read_file(self._policy, "vulcan.io.lines", path), chosen)
        file = OpenFile(content, readable=True, writable=False, limit_bytes=self._policy.file_bytes)
        return Iterator(lambda _: file.read([]))

    def popen(self, given: Arguments) -> object:
        """A handle on the output of a command that has run to its end."""
        fn = "vulcan.io.popen"
        self._policy.processes(fn)
        command = filled_text(fn, "command", argument(given, 0))
        mode_given, options = argument(given, 1), argument(given, 2)
        if mode_given.tag == Tag.TABLE:
            mode_given, options = argument([], 0), mode_given
        mode = "r" if mode_given.absent else text(fn, "mode", mode_given)
        if mode in ("w", "wb"):
            raise HostFunctionError(f"{fn}: write mode is not implemented yet")
        if mode not in ("r", "rb"):
            raise HostFunctionError(f"{fn}: unsupported mode `{mode}`")
        chosen = self._encoding(fn, options)
        fields = table(fn, "options", options) if options.tag == Tag.TABLE else {}
        timeout = positive(fn, "timeout_ms", fields.get("timeout_ms") if isinstance(fields, dict) else None)
        timeout_ms = timeout or POPEN_TIMEOUT_MS
        base64, plain = encoding("base64"), encoding("utf-8")
        spec = ProcessSpec(
            shells.command_line(None, command), None, {}, Encodings(base64, plain, plain), timeout_ms=timeout_ms
        )
        result = run(spec, self._context)
        if result["timed_out"]:
            raise HostFunctionError(f"{fn} timed out after {timeout_ms} ms")
        if str(result["error"]).startswith("failed to spawn"):
            raise HostFunctionError(f"{fn}: {result['error']}")
        output = encode(str(result["stdout"]), base64)
        return OpenFile(
            output if mode == "rb" else _incoming(output, chosen),
            readable=True,
            writable=False,
            success=result["success"] is True,
            limit_bytes=self._policy.file_bytes,
        ).handle()

    def tmpfile(self, _given: Arguments) -> object:
        """A handle on a file that has no name and goes with it."""
        return OpenFile(b"", readable=True, writable=True, limit_bytes=self._policy.file_bytes).handle()

    def _write(self, fn: str, given: Arguments, *, append: bool) -> object:
        path = path_text(fn, "path", argument(given, 0))
        content = byte_string(fn, "text", argument(given, 1))
        chosen = self._encoding(fn, argument(given, 2))
        write_file(self._policy, fn, path, _outgoing(fn, content, chosen), append=append)
        return True

    def _encoding(self, fn: str, options: Argument) -> Encoding:
        label: object = None
        if options.tag == Tag.STRING:
            label = text(fn, "encoding", options)
        elif not options.absent:
            fields = table(fn, "options", options)
            label = fields.get("encoding") if isinstance(fields, dict) else None
            if label is not None and not isinstance(label, str):
                raise HostFunctionError(f"{fn}: encoding must be a string")
        try:
            if isinstance(label, str):
                return encoding(label)
            return default_encoding(self._context.options.get("default_text_encoding"))
        except HostFunctionError as error:
            raise HostFunctionError(f"{fn}: {error}") from None


def _incoming(content: bytes, chosen: Encoding | None) -> bytes:
    """File bytes as the bytes Lua sees: UTF-8 text, or unchanged."""
    if chosen is None or chosen.codec == "utf-8":
        return content
    return decode(content, chosen).text.encode("utf-8")


def _outgoing(fn: str, content: bytes, chosen: Encoding | None) -> bytes:
    """Bytes from Lua as the file holds them."""
    if chosen is None or chosen.codec == "utf-8":
        return content
    try:
        return encode(content.decode("utf-8"), chosen)
    except UnicodeDecodeError:
        raise HostFunctionError(f"{fn}: text must be a valid UTF-8 string") from None
    except HostFunctionError as error:
        raise HostFunctionError(f"{fn}: {error}") from None
