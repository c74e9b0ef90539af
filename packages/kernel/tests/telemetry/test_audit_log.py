from __future__ import annotations

import io
import json
import logging
import resource
import stat
import sys
from pathlib import Path

import pytest

from pharia_kernel.errors import ConfigError
from pharia_kernel.telemetry.audit_log import AUDIT_LOGGER, AuditFile, auditing_to
from pharia_kernel.telemetry.logs import logging_to
from pharia_kernel.telemetry.redaction import Redaction
from pharia_kernel.telemetry.tracing import Tracing

audit = logging.getLogger(AUDIT_LOGGER)
FIELDS = {"who": "key:1f", "action": "run", "namespace": "dev", "allowed": True, "reason": "granted"}


def test_a_file_has_records_in_a_form_of_their_own_whatever_the_log_level(tmp_path: Path) -> None:
    file, stream = tmp_path / "audit.jsonl", io.StringIO()
    with (
        logging_to(stream, "error"),
        auditing_to(str(file), Redaction(["s3cret"])),
        Tracing().request("GET", []) as span,
    ):
        audit.info("run allowed", extra={**FIELDS, "reason": "s3cret"})
    (line,) = map(json.loads, file.read_text().splitlines())
    assert line.pop("time").endswith("Z")
    context = span.get_span_context()
    ids = {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
    assert line == {"event": "run allowed", **FIELDS, "reason": "***", **ids}
    assert stream.getvalue() == ""
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_records_are_appended_and_a_file_that_was_moved_away_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    with auditing_to(str(file)):
        audit.info("first")
    with auditing_to(str(file)):
        audit.info("second")
        file.rename(tmp_path / "old.jsonl")
        audit.info("third")
    assert [json.loads(line)["event"] for line in (tmp_path / "old.jsonl").read_text().splitlines()] == [
        "first",
        "second",
    ]
    assert [json.loads(line)["event"] for line in file.read_text().splitlines()] == ["third"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_without_a_file_it_is_part_of_the_log() -> None:
    stream = io.StringIO()
    with logging_to(stream, "error"), auditing_to("stderr"):
        audit.info("run allowed", extra=FIELDS)
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["logger"], line["message"], line["who"]) == (AUDIT_LOGGER, "run allowed", "key:1f")


def test_it_can_be_switched_off() -> None:
    stream = io.StringIO()
    with logging_to(stream), auditing_to("off"):
        audit.warning("run refused", extra=FIELDS)
    assert stream.getvalue() == ""


def test_all_is_as_it_was_before(tmp_path: Path) -> None:
    before = (audit.level, audit.propagate, audit.handlers[:])
    with auditing_to(str(tmp_path / "audit.jsonl")):
        pass
    assert (audit.level, audit.propagate, audit.handlers) == before


def test_a_file_that_can_not_be_written_is_an_error_at_the_start(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigError, match=r"audit-log .*: can not be written: No such file or directory"),
        auditing_to(str(tmp_path / "nowhere" / "audit.jsonl")),
    ):
        pass


def test_a_full_disk_is_told_once(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    full = tmp_path / "audit.jsonl"
    full.symlink_to("/dev/full")
    handler = AuditFile(str(full))
    caplog.set_level(logging.INFO, "pharia_kernel.telemetry")
    for _ in range(3):
        handler.emit(logging.makeLogRecord({"msg": "run allowed"}))
    full.unlink()
    for _ in range(2):
        handler.emit(logging.makeLogRecord({"msg": "run allowed"}))
    handler.close()
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert "can not be written; records are lost: [Errno 28]" in said[0]
    assert said[1].endswith("can be written again")
    assert full.read_text() == "run allowed\n" * 2


@pytest.mark.skipif(sys.platform != "linux", reason="sets how large a file may be")
def test_a_record_that_a_disk_takes_in_part_does_not_spoil_the_next(tmp_path: Path) -> None:
    file, stream = tmp_path / "audit.jsonl", io.StringIO()
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    with logging_to(stream), auditing_to(str(file)):
        audit.info("first")
        resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + 10, former[1]))
        try:
            audit.info("second")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, former)
        audit.info("third")
    first, half, third = file.read_text().splitlines()
    assert [json.loads(line)["event"] for line in (first, third)] == ["first", "third"]
    assert len(half) == 10
    assert "records are lost" in stream.getvalue()
    assert "can be written again" in stream.getvalue()
