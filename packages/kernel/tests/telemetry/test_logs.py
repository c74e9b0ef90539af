from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest

from pharia_kernel.telemetry.logs import logging_to
from pharia_kernel.telemetry.redaction import Redaction
from pharia_kernel.telemetry.tracing import Tracing


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_machines_get_one_object_per_line() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        logging.getLogger("pharia_kernel.skill").info("hi\nthere", extra={"skill": "dev/haiku", "stream": "stdout"})
    (line,) = lines(stream)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "pharia_kernel.skill",
        "message": "hi\nthere",
        "skill": "dev/haiku",
        "stream": "stdout",
    }


def test_records_of_a_request_carry_its_trace() -> None:
    stream = io.StringIO()
    with logging_to(stream), Tracing().request("GET", []) as span:
        logging.getLogger("x").warning("y")
    (line,) = lines(stream)
    assert line["trace_id"] == f"{span.get_span_context().trace_id:032x}"
    assert line["span_id"] == f"{span.get_span_context().span_id:016x}"


def test_a_traceback_stays_in_its_line() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        try:
            raise ValueError("Authorization: Bearer s3cret")
        except ValueError:
            logging.getLogger("x").exception("failed")
    (line,) = lines(stream)
    assert "ValueError: Authorization: Bearer ***" in line["traceback"]


@pytest.mark.parametrize("console", [True, False])
def test_secrets_do_not_reach_the_log(console: bool) -> None:
    stream = io.StringIO()
    extra = {"authorization": "s3cret", "access_token": "s3cret", "header": "bearer s3cret"}
    with logging_to(stream, console=console):
        logging.getLogger("x").warning("sent Bearer s3cret", extra=extra)
    assert "s3cret" not in stream.getvalue()
    assert stream.getvalue().count("***") == 4


@pytest.mark.parametrize("console", [True, False])
def test_secrets_of_the_settings_are_masked_wherever_they_stand(console: bool) -> None:
    stream = io.StringIO()
    secret = 'pass"word\\with ü'
    with logging_to(stream, console=console, redacted=Redaction([secret, ""])):
        try:
            raise ValueError(secret)
        except ValueError:
            extra = {"where": {"deep": [secret]}, "error": ValueError(secret), "headers": {"Authorization": "xyz"}}
            logging.getLogger("x").exception("sent %s and %r", secret, secret, extra=extra)
    text = stream.getvalue()
    assert "word" not in text
    assert "xyz" not in text
    assert text.count("***") >= 6


def test_people_get_a_line_that_can_not_steer_their_terminal() -> None:
    stream = io.StringIO()
    with logging_to(stream, console=True):
        logging.getLogger("x").warning("\x1b[2J gone", extra={"skill": "a\rb"})
    text = stream.getvalue()
    assert "\\x1b[2J gone" in text
    assert "skill=a\\x0db" in text
    assert "\x1b[2J" not in text


def test_levels_are_per_logger_and_given_back() -> None:
    stream = io.StringIO()
    root = logging.getLogger()
    before = (root.level, root.handlers[:], logging.getLogger("pharia_kernel.x").level)
    with logging_to(stream, "error,pharia_kernel.x=debug"):
        logging.getLogger("pharia_kernel.x").debug("seen")
        logging.getLogger("pharia_kernel.y").warning("not seen")
    assert [line["message"] for line in lines(stream)] == ["seen"]
    assert (root.level, root.handlers, logging.getLogger("pharia_kernel.x").level) == before


def test_a_record_that_json_can_not_say_is_said_as_text() -> None:
    stream = io.StringIO()
    endless: list[object] = []
    endless.append(endless)
    with logging_to(stream):
        logging.getLogger("x").warning("y", extra={"table": {1j: 2}, "endless": endless})
    (line,) = lines(stream)
    assert line["table"] == "{1j: 2}"
    assert line["message"] == "y"


def test_values_that_are_not_json_are_written_as_text() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        logging.getLogger("x").warning("y", extra={"error": ValueError("z")})
    assert lines(stream)[0]["error"] == "z"
