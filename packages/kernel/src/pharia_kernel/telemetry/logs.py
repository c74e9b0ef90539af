"""Log records on standard error: JSON lines for machines, coloured lines on a terminal. No secrets in either."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

from pharia_kernel.config.log_level import parse_log_level
from pharia_kernel.telemetry.redaction import MASK, Redaction, is_secret_field
from pharia_kernel.telemetry.tracing import current_span_id, current_trace_id

SKILL_LOGGER = "pharia_kernel.skill"
"""What skills print. Fields: ``skill``, ``stream`` (``stdout`` or ``stderr``)."""

_OWN = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "color_message"})
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_COLOURS = {"DEBUG": "36", "INFO": "32", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}


@contextmanager
def logging_to(
    stream: TextIO, level: str = "info", *, console: bool | None = None, redacted: Redaction | None = None
) -> Iterator[None]:
    """Send every log record to ``stream`` while the context is open; then the former handlers are back.

    ``level`` is the ``log-level`` setting. ``console`` chooses the form for people; by default a terminal gets it.
    ``redacted`` masks secrets wherever they stand.
    """
    redacted = redacted or Redaction()
    handler = logging.StreamHandler(stream)
    people = stream.isatty() if console is None else console
    handler.setFormatter(ConsoleFormatter(redacted) if people else JsonFormatter(redacted))
    levels = parse_log_level(level)
    loggers = {name: logging.getLogger(name or None) for name in levels}
    before = {name: logger.level for name, logger in loggers.items()}
    root = logging.getLogger()
    handlers = root.handlers[:]
    root.handlers[:] = [handler]
    for name, number in levels.items():
        loggers[name].setLevel(number)
    try:
        yield
    finally:
        root.handlers[:] = handlers
        for name, number in before.items():
            loggers[name].setLevel(number)


class JsonFormatter(logging.Formatter):
    """One JSON object per line: ``time``, ``level``, ``logger``, ``message``, and the record's own fields."""

    def __init__(self, redacted: Redaction) -> None:
        super().__init__()
        self._redacted = redacted

    def format(self, record: logging.LogRecord) -> str:
        return self._redacted(encoded({**self.head(record), **fields_of(record), **_trouble(record)}))

    def head(self, record: logging.LogRecord) -> dict[str, Any]:
        return {
            "time": time_of(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }


class ConsoleFormatter(logging.Formatter):
    """``12:00:01.250 INFO pharia_kernel.api: text key=value``; what skills print can not steer the terminal."""

    def __init__(self, redacted: Redaction) -> None:
        super().__init__()
        self._redacted = redacted

    def format(self, record: logging.LogRecord) -> str:
        colour = _COLOURS.get(record.levelname, "0")
        time = f"{_moment(record):%H:%M:%S}.{int(record.msecs):03d}"
        fields = " ".join(f"{name}={self._printable(str(value))}" for name, value in fields_of(record).items())
        head = f"\x1b[2m{time}\x1b[0m \x1b[{colour}m{record.levelname}\x1b[0m \x1b[2m{record.name}:\x1b[0m"
        line = f"{head} {self._printable(record.getMessage())}"
        if fields:
            line += f" \x1b[2m{fields}\x1b[0m"
        for text in _trouble(record).values():
            line += "\n" + self._printable(text.rstrip())
        return line

    def _printable(self, text: str) -> str:
        return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", self._redacted(text))


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """What the caller passed as ``extra``, without secrets, and the trace it belongs to."""
    fields = {name: _shown(name, value) for name, value in vars(record).items() if name not in _OWN}
    if "trace_id" not in fields and (trace_id := current_trace_id()):
        fields["trace_id"] = trace_id
        fields["span_id"] = current_span_id()
    return fields


def encoded(line: Mapping[str, Any]) -> str:
    """As JSON; what JSON does not know becomes text."""
    try:
        return msgspec.json.encode(line, enc_hook=str).decode()
    except (TypeError, ValueError, RecursionError):  # keys that are no text, values that hold themselves
        return msgspec.json.encode({name: str(value) for name, value in line.items()}).decode()


def time_of(record: logging.LogRecord) -> str:
    """UTC, in milliseconds, as RFC 3339 writes it."""
    return _moment(record).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _shown(name: str, value: Any) -> Any:
    if is_secret_field(name):
        return MASK
    if isinstance(value, Mapping):
        return {key: _shown(str(key), inner) for key, inner in value.items()}
    return value


def _trouble(record: logging.LogRecord) -> dict[str, str]:
    if not record.exc_info or record.exc_info[0] is None:
        return {}
    return {"traceback": "".join(traceback.format_exception(*record.exc_info))}


def _moment(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)
