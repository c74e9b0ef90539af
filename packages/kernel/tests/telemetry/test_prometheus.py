from __future__ import annotations

from pharia_kernel.telemetry.exposition import exposition
from pharia_kernel.telemetry.metric_names import COUNTED, GAUGES, PROCESS, QUEUED_CALLS
from pharia_kernel.telemetry.metrics import Metrics
from pharia_kernel.telemetry.prometheus import PrometheusMetrics


async def text(metrics: Metrics, accept: str = "") -> str:
    return exposition(await metrics.numbers(), accept)[1].decode()


async def test_every_number_that_is_told_is_shown() -> None:
    metrics = PrometheusMetrics()
    metrics.answered("POST", "/v1/skills/{namespace}/{name}/run", 200, 0.02)
    metrics.executed("dev", "haiku", "ok", 0.3)
    metrics.fetched("dev", "haiku", 0.001)
    metrics.asked("chat", 2)
    metrics.asked_in_vain("chat", "backend-failed")
    metrics.used("m", 3, 4)
    metrics.first_token("m", 0.6)
    metrics.spent("dev", "key:1f", "ok", 0.5)
    metrics.spent_tokens("dev", "key:1f", "m", 3, 4)
    metrics.lost_spans(7)
    metrics.watch({QUEUED_CALLS: lambda: 9})
    shown = (await text(metrics)).splitlines()
    labels = 'method="POST",path="/v1/skills/{namespace}/{name}/run",status="200"'
    skill = 'name="haiku",namespace="dev"'
    for line in (
        f"kernel_http_requests_total{{{labels}}} 1.0",
        f'kernel_http_requests_duration_seconds_bucket{{le="0.01",{labels}}} 0.0',
        f'kernel_http_requests_duration_seconds_bucket{{le="0.025",{labels}}} 1.0',
        f'kernel_skill_execution_total{{{skill},status="ok"}} 1.0',
        f'kernel_skill_execution_duration_seconds_sum{{{skill},status="ok"}} 0.3',
        f"kernel_skill_fetch_duration_seconds_count{{{skill}}} 1.0",
        'kernel_csi_requests_total{function="chat"} 2.0',
        'kernel_csi_failures_total{code="backend-failed",function="chat"} 1.0',
        'kernel_inference_tokens_total{direction="input",model="m"} 3.0',
        'kernel_inference_tokens_total{direction="output",model="m"} 4.0',
        'kernel_inference_time_to_first_token_seconds_bucket{le="1.0",model="m"} 1.0',
        'kernel_usage_calls_total{caller="key:1f",namespace="dev",status="ok"} 1.0',
        'kernel_usage_seconds_total{caller="key:1f",namespace="dev"} 0.5',
        'kernel_usage_tokens_total{caller="key:1f",direction="output",model="m",namespace="dev"} 4.0',
        "kernel_trace_spans_lost_total 7.0",
        "kernel_calls_queued 9.0",
    ):
        assert line in shown
    assert not [line for line in shown if "_created" in line]


async def test_every_name_is_registered_and_no_other() -> None:
    metrics = PrometheusMetrics()
    metrics.watch({gauge: lambda: 0 for gauge in GAUGES})
    shown = await text(metrics)
    names = {line.split()[2] for line in shown.splitlines() if line.startswith("# TYPE")}
    assert names == {metric.name for metric in (*COUNTED, *GAUGES)} | PROCESS.keys()


async def test_nobody_can_make_numbers_without_end() -> None:
    metrics = PrometheusMetrics(most=2)
    for number in range(5):
        metrics.used(f"m{number}", 1, 1)
        metrics.executed("dev", f"s{number}", "ok", 0.1)
        metrics.spent("dev", f"key:{number}", "ok", 1.0)
        metrics.answered(f"METHOD{number}", "", 404, 0.1)
    shown = await text(metrics)
    assert 'kernel_inference_tokens_total{direction="input",model="other"} 3.0' in shown
    assert 'kernel_skill_execution_total{name="other",namespace="other",status="ok"} 3.0' in shown
    assert 'kernel_http_requests_total{method="other",path="other",status="404"} 5.0' in shown
    assert 'kernel_usage_seconds_total{caller="other",namespace="other"} 3.0' in shown
    assert "m2" not in shown


async def test_the_form_is_the_one_that_was_asked_for() -> None:
    accept = "application/openmetrics-text; version=1.0.0"
    content_type, found = exposition(await PrometheusMetrics().numbers(), accept)
    assert content_type.startswith("application/openmetrics-text")
    assert found.endswith(b"# EOF\n")


async def test_numbers_that_nobody_wants_cost_nothing_and_are_nothing() -> None:
    metrics = Metrics()
    metrics.answered("GET", "/", 200, 0.1)
    assert await metrics.numbers() == []
