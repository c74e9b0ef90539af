"""What is counted and measured, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "histogram", "gauge"]
Merge = Literal["sum", "most", "least"]

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0)
"""Upper bounds of the buckets of every histogram."""


@dataclass(frozen=True, slots=True)
class Metric:
    kind: Kind
    name: str
    """As Prometheus shows it; that of a counter ends in ``_total``."""
    help: str
    labels: tuple[str, ...] = ()
    merge: Merge = "sum"
    """What a gauge of several worker processes is together."""


HTTP_REQUESTS = Metric("counter", "kernel_http_requests_total", "Requests answered", ("method", "path", "status"))
HTTP_DURATION = Metric(
    "histogram",
    "kernel_http_requests_duration_seconds",
    "From the head of a request to the head of its answer",
    ("method", "path", "status"),
)
EXECUTIONS = Metric("counter", "kernel_skill_execution_total", "Executions of skills", ("namespace", "name", "status"))
EXECUTION_DURATION = Metric(
    "histogram",
    "kernel_skill_execution_duration_seconds",
    "Of an execution, its wait for a place included",
    ("namespace", "name", "status"),
)
FETCH_DURATION = Metric(
    "histogram",
    "kernel_skill_fetch_duration_seconds",
    "Until a skill was found, loaded if need be, or known to be missing",
    ("namespace", "name"),
)
CSI_REQUESTS = Metric("counter", "kernel_csi_requests_total", "What skills asked for, each of a list", ("function",))
CSI_FAILURES = Metric(
    "counter", "kernel_csi_failures_total", "What skills asked for in vain, a list once", ("function", "code")
)
TOKENS = Metric("counter", "kernel_inference_tokens_total", "Tokens of models", ("model", "direction"))
FIRST_TOKEN = Metric(
    "histogram",
    "kernel_inference_time_to_first_token_seconds",
    "From a request for a stream to its first part",
    ("model",),
)
USAGE_CALLS = Metric(
    "counter", "kernel_usage_calls_total", "Calls, by whose they were", ("namespace", "caller", "status")
)
USAGE_SECONDS = Metric("counter", "kernel_usage_seconds_total", "Time that calls took", ("namespace", "caller"))
USAGE_TOKENS = Metric(
    "counter",
    "kernel_usage_tokens_total",
    "Tokens of models, by whose calls they were for",
    ("namespace", "caller", "model", "direction"),
)
LOST_SPANS = Metric("counter", "kernel_trace_spans_lost_total", "Spans that the collector did not take")

CACHED_SKILLS = Metric("gauge", "kernel_skill_cache_items", "Skills that are loaded", merge="most")
RUNNING_CALLS = Metric("gauge", "kernel_calls_running", "Calls that have a place")
QUEUED_CALLS = Metric("gauge", "kernel_calls_queued", "Calls that wait for a place")
INSTANCES = Metric("gauge", "kernel_wasm_instances", "Instances that calls hold")
FREE_INSTANCES = Metric("gauge", "kernel_wasm_instances_free", "Instances that could be started beside them")
SPARE_INSTANCES = Metric("gauge", "kernel_wasm_spare_instances", "Instances that are ready for the next calls")
LUA_PROCESSES = Metric("gauge", "kernel_lua_processes", "Processes that serve calls of Lua skills")
FREE_LUA_PROCESSES = Metric("gauge", "kernel_lua_processes_free", "Processes that could serve calls beside them")
SPARE_LUA_PROCESSES = Metric("gauge", "kernel_lua_spare_processes", "Processes that are ready for the next calls")

COUNTED = (
    HTTP_REQUESTS,
    HTTP_DURATION,
    EXECUTIONS,
    EXECUTION_DURATION,
    FETCH_DURATION,
    CSI_REQUESTS,
    CSI_FAILURES,
    TOKENS,
    FIRST_TOKEN,
    USAGE_CALLS,
    USAGE_SECONDS,
    USAGE_TOKENS,
    LOST_SPANS,
)
GAUGES = (
    CACHED_SKILLS,
    RUNNING_CALLS,
    QUEUED_CALLS,
    INSTANCES,
    FREE_INSTANCES,
    SPARE_INSTANCES,
    LUA_PROCESSES,
    FREE_LUA_PROCESSES,
    SPARE_LUA_PROCESSES,
)

PROCESS: Mapping[str, Merge] = {
    "process_cpu_seconds_total": "sum",
    "process_max_fds": "most",
    "process_open_fds": "sum",
    "process_resident_memory_bytes": "sum",
    "process_start_time_seconds": "least",
    "process_virtual_memory_bytes": "sum",
}
"""Of the processes that serve, on Linux; what they are of several together."""

OTHER = "other"
"""Label for what would make too many."""
