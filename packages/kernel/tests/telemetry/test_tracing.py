from __future__ import annotations

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import get_current_span

from pharia_kernel.telemetry.propagation import trace_headers
from pharia_kernel.telemetry.tracing import Tracing, current_span_id, current_trace_id, traceparent

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
SAMPLED = [(b"host", b"x"), (b"traceparent", f"00-{TRACE}-{SPAN}-01".encode())]
UNSAMPLED = [(b"traceparent", f"00-{TRACE}-{SPAN}-00".encode())]


def recording(ratio: float = 1.0) -> Tracing:
    return Tracing(TracerProvider(sampler=ParentBased(TraceIdRatioBased(ratio)), shutdown_on_exit=False))


def test_a_request_joins_the_trace_it_names() -> None:
    """Row 37 of the checklist."""
    with recording().request("GET", SAMPLED) as span:
        assert current_trace_id() == TRACE
        assert traceparent(span).startswith(f"00-{TRACE}-")
        assert current_span_id() != SPAN
    assert current_trace_id() is None
    assert current_span_id() is None


def test_what_is_asked_of_others_belongs_to_the_span_and_keeps_the_state_of_the_trace() -> None:
    """Row 38 of the checklist."""
    with recording().request("GET", [*SAMPLED, (b"tracestate", b"foo=bar"), (b"tracestate", b"b=c")]) as span:
        assert trace_headers() == {"traceparent": traceparent(span), "tracestate": "foo=bar,b=c"}


def test_without_a_span_others_are_told_nothing_and_an_empty_state_is_not_told() -> None:
    """Row 208 of the checklist."""
    assert trace_headers() == {}
    with recording().request("GET", SAMPLED):
        assert trace_headers().keys() == {"traceparent"}


def test_the_callers_choice_of_sampling_is_kept() -> None:
    """Rows 205 and 209 of the checklist."""
    with recording(0.0).request("GET", SAMPLED) as span:
        assert span.is_recording()
        assert traceparent(span) == f"00-{TRACE}-{current_span_id()}-01"
    with recording(1.0).request("GET", UNSAMPLED) as span:
        assert not span.is_recording()
        assert traceparent(span) == f"00-{TRACE}-{current_span_id()}-00"


def test_traces_that_begin_here_are_sampled_by_the_ratio() -> None:
    for ratio in (0.0, 1.0):
        with recording(ratio).request("GET", []) as span:
            assert span.is_recording() is bool(ratio)


def test_requests_without_a_trace_have_traces_of_their_own() -> None:
    for tracing in (Tracing(), recording()):
        with tracing.request("GET", []) as first:
            pass
        with tracing.request("GET", []) as second:
            pass
        assert first.get_span_context().trace_id != second.get_span_context().trace_id


def test_without_traces_of_our_own_others_join_the_span_of_the_caller() -> None:
    tracing = Tracing()
    headers = [*SAMPLED, (b"tracestate", b"foo=bar")]
    with tracing.request("GET", headers), tracing.tracer.start_as_current_span("inner"):
        assert trace_headers() == {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "foo=bar"}


def test_a_trace_that_nobody_records_has_one_span() -> None:
    tracing = recording(0.0)
    with tracing.request("GET", []) as request:
        with tracing.tracer.start_as_current_span("inner") as inner:
            assert inner is request
            assert get_current_span() is request
        started = tracing.tracer.start_span("started")
        started.end()
        assert started is request


def test_a_recorded_trace_has_spans_within_each_other() -> None:
    tracing = recording()
    with tracing.request("GET", []) as request, tracing.tracer.start_as_current_span("inner") as inner:
        assert inner.get_span_context().span_id != request.get_span_context().span_id
        assert get_current_span() is inner


def test_what_is_no_trace_begins_one() -> None:
    for header in (
        "nonsense",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE.upper()}-{SPAN}-01",
        "",
    ):
        with Tracing().request("GET", [(b"traceparent", header.encode())]):
            assert current_trace_id() != TRACE
    twice = [*SAMPLED, *SAMPLED]
    with Tracing().request("GET", twice):
        assert current_trace_id() != TRACE


def test_a_later_version_of_the_header_is_understood_as_far_as_this_one_goes() -> None:
    with recording().request("GET", [(b"traceparent", f"01-{TRACE}-{SPAN}-03-more".encode())]) as span:
        assert traceparent(span) == f"00-{TRACE}-{current_span_id()}-01"


def test_a_state_that_is_too_long_or_no_state_is_left_out() -> None:
    for state in (b"a=" + b"b" * 600, b"\xff=;,=", b""):
        with recording().request("GET", [*SAMPLED, (b"tracestate", state)]):
            assert trace_headers().keys() == {"traceparent"}
