from __future__ import annotations

from pharia_kernel.telemetry.tracing import Tracing, current_trace_id, traceparent

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_request_joins_the_trace_it_names() -> None:
    headers = [(b"host", b"x"), (b"traceparent", f"00-{TRACE}-00f067aa0ba902b7-01".encode())]
    with Tracing().request("GET", headers, {}) as span:
        assert current_trace_id() == TRACE
        assert traceparent(span).startswith(f"00-{TRACE}-")
        assert traceparent(span).endswith("-01")
    assert current_trace_id() is None


def test_the_state_of_the_trace_is_kept() -> None:
    headers = [(b"traceparent", f"00-{TRACE}-00f067aa0ba902b7-01".encode()), (b"tracestate", b"foo=bar")]
    with Tracing().request("GET", headers, {}) as span:
        assert span.get_span_context().trace_state.to_header() == "foo=bar"


def test_the_callers_choice_of_sampling_is_kept() -> None:
    headers = [(b"traceparent", f"00-{TRACE}-00f067aa0ba902b7-00".encode())]
    with Tracing().request("GET", headers, {}) as span:
        assert traceparent(span).endswith("-00")


def test_requests_without_a_trace_have_traces_of_their_own() -> None:
    tracing = Tracing()
    with tracing.request("GET", [], {}) as first:
        pass
    with tracing.request("GET", [], {}) as second:
        pass
    assert first.get_span_context().trace_id != second.get_span_context().trace_id
