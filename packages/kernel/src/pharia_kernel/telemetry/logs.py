"""Log records on standard error: JSON lines for machines, coloured lines on a terminal."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

from pharia_kernel.config.log_level import parse_log_level
from pharia_kernel.telemetry.tracing import current_trace_id

SKILL_LOGGER = "pharia_kernel.skill"
"""What skills print. Fields: ``skill``, ``stream`` (``stdout`` or ``stderr``)."""

_OWN = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "color_message"})
_SECRET_FIELD = re.compile(r"authorization|token$|password|secret|api[-_]?key", re.IGNORECASE)
_BEARER = re.compile(r"\b(Bearer\s+)[^\s'\"]+", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_COLOURS = {"DEBUG": "36", "INFO": "32", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}
MASK = "***"


@contextmanager
def logging_to(stream: TextIO, level: str = "info", *, console: bool | None = None) -> Iterator[None]:
    """Send every log record to ``stream`` while the context is open; then the former handlers are back.

    ``level`` is the ``log-level`` setting. ``console`` chooses the form for people; by default a terminal gets it.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ConsoleFormatter() if (stream.isatty() if console is None else console) else JsonFormatter())
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

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _time(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redacted(record.getMessage()),
            **fields_of(record),
        }
        if record.exc_info:
            line["traceback"] = redacted("".join(traceback.format_exception(*record.exc_info)))
        return msgspec.json.encode(line, enc_hook=str).decode()


class ConsoleFormatter(logging.Formatter):
    """``12:00:01.250 INFO pharia_kernel.api: text key=value``; what skills print can not steer the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        colour = _COLOURS.get(record.levelname, "0")
        time = f"{_time(record):%H:%M:%S}.{int(record.msecs):03d}"
        fields = " ".join(f"{name}={_printable(str(value))}" for name, value in fields_of(record).items())
        head = f"\x1b[2m{time}\x1b[0m \x1b[{colour}m{record.levelname}\x1b[0m \x1b[2m{record.name}:\x1b[0m"
        line = f"{head} {_printable(redacted(record.getMessage()))}"
        if fields:
            line += f" \x1b[2m{fields}\x1b[0m"
        if record.exc_info:
            line += "\n" + _printable(redacted("".join(traceback.format_exception(*record.exc_info)).rstrip()))
        return line


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """What the caller passed as ``extra``, without secrets, and the trace it belongs to."""
    fields = {
        name: MASK if _SECRET_FIELD.search(name) else redacted(value) if isinstance(value, str) else value
        for name, value in vars(record).items()
        if name not in _OWN
    }
    if "trace_id" not in fields and (trace_id := current_trace_id()):
        fields["trace_id"] = trace_id
    return fields


def redacted(text: str) -> str:
    """The text without bearer tokens."""
    return _BEARER.sub(rf"\g<1>{MASK}", text)


def _printable(text: str) -> str:
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)
