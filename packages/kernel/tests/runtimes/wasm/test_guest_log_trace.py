from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from pharia_kernel.runtimes.guest_log import GuestLog
from pharia_kernel.telemetry.tracing import Tracing
from pharia_kernel.types import SkillPath


def test_what_a_skill_prints_belongs_to_the_trace_of_its_call(caplog: pytest.LogCaptureFixture) -> None:
    """Guests write on worker threads, which know no trace."""
    caplog.set_level(logging.INFO, "pharia_kernel.skill")
    with Tracing().request("POST", []) as span, ThreadPoolExecutor(1) as pool:
        log = GuestLog(SkillPath("dev", "haiku"), 100)
        pool.submit(log.write, "stdout", b"oat milk\n").result()
    (record,) = caplog.records
    assert record.getMessage() == "oat milk"
    fields = vars(record)
    assert (fields["skill"], fields["stream"]) == ("dev/haiku", "stdout")
    assert fields["trace_id"] == f"{span.get_span_context().trace_id:032x}"
    assert fields["span_id"] == f"{span.get_span_context().span_id:016x}"
