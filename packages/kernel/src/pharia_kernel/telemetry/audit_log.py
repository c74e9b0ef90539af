"""Where the audit log goes: decisions about callers, and deployments. Written whatever the log level is."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pharia_kernel.config.telemetry import AUDIT_OFF, AUDIT_WITH_LOG
from pharia_kernel.errors import ConfigError
from pharia_kernel.telemetry.logs import JsonFormatter, time_of
from pharia_kernel.telemetry.redaction import Redaction

AUDIT_LOGGER = "pharia_kernel.audit"
logger = logging.getLogger("pharia_kernel.telemetry")


@contextmanager
def auditing_to(where: str, redacted: Redaction | None = None) -> Iterator[None]:
    """``where`` is the ``audit-log`` setting: a file that is appended to, with the log, or nowhere.

    A file that was moved away is made anew. Raises :class:`ConfigError` for one that can not be written.
    """
    audit = logging.getLogger(AUDIT_LOGGER)
    level, propagate = audit.level, audit.propagate
    handler: logging.Handler = (
        logging.NullHandler() if where in (AUDIT_WITH_LOG, AUDIT_OFF) else _file(where, redacted or Redaction())
    )
    audit.addHandler(handler)
    audit.setLevel(logging.CRITICAL + 1 if where == AUDIT_OFF else logging.INFO)
    audit.propagate = where == AUDIT_WITH_LOG
    try:
        yield
    finally:
        audit.removeHandler(handler)
        handler.close()
        audit.propagate = propagate
        audit.setLevel(level)


def _file(where: str, redacted: Redaction) -> logging.Handler:
    try:
        handler = AuditFile(where)
    except OSError as error:
        raise ConfigError(f"audit-log {where}: can not be written: {error.strerror or error} (set AUDIT_LOG)") from None
    handler.setFormatter(AuditFormatter(redacted))
    return handler


class AuditFormatter(JsonFormatter):
    """One JSON object per line: ``time``, ``event``, and who did what where."""

    def head(self, record: logging.LogRecord) -> dict[str, Any]:
        return {"time": time_of(record), "event": record.getMessage()}


class AuditFile(logging.Handler):
    """Appends whole lines, which several processes may do; for its owner only. Says once that it can not."""

    def __init__(self, where: str) -> None:
        """Raises :class:`OSError`."""
        super().__init__()
        self._where = where
        self._failing = False
        self._torn = False
        """The disk took a part of the last line."""
        self._file = self._opened()

    def emit(self, record: logging.LogRecord) -> None:
        line = f"{self.format(record)}\n".encode("utf-8", "backslashreplace")
        try:
            if self._moved():
                former, self._file, self._torn = self._file, self._opened(), False
                os.close(former)
            self._append(line)
        except OSError as error:
            if not self._failing:
                logger.error("the audit log %s can not be written; records are lost: %s", self._where, error)
            self._failing = True
            return
        if self._failing:
            logger.info("the audit log %s can be written again", self._where)
        self._failing = False

    def _append(self, line: bytes) -> None:
        data = b"\n" + line if self._torn else line
        written = os.write(self._file, data)
        self._torn = written < len(data)
        if self._torn:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        super().close()
        with contextlib.suppress(OSError):
            os.close(self._file)

    def _opened(self) -> int:
        return os.open(self._where, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _moved(self) -> bool:
        """Whether there is another file, or none, where ours was."""
        try:
            return not os.path.samestat(os.stat(self._where), os.fstat(self._file))
        except OSError:
            return True
