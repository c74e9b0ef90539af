from __future__ import annotations

from pharia_kernel.telemetry.metric_names import CACHED_SKILLS, HTTP_REQUESTS, QUEUED_CALLS
from pharia_kernel.telemetry.numbers import AllProcesses, Numbers, Sample, decoded, encoded


def counted(count: float, path: str = "/") -> list[Numbers]:
    return [Numbers("kernel_http_requests", "counter", "", [Sample(HTTP_REQUESTS.name, {"path": path}, count)])]


def gauge(name: str, value: float) -> list[Numbers]:
    return [Numbers(name, "gauge", "", [Sample(name, {}, value)])]


def values(found: list[Numbers]) -> list[float]:
    return [sample.value for one in found for sample in one.samples]


def test_numbers_survive_the_way_to_another_process() -> None:
    assert decoded(encoded(counted(1))) == counted(1)


def test_counters_are_added_up_label_by_label() -> None:
    both = AllProcesses()
    for process, found in ((0, counted(1)), (1, counted(2)), (2, counted(5, "/x"))):
        both.begin(process)
        both.take(process, found)
    assert values(both.together()) == [3, 5]


def test_what_a_process_had_counted_stays_after_its_end() -> None:
    both = AllProcesses()
    for process in (0, 1):
        both.begin(process)
        both.take(process, counted(10))
    both.end(0)
    assert values(both.together()) == [20]
    both.begin(2)
    assert values(both.together()) == [20]
    both.take(2, counted(1))
    assert values(both.together()) == [21]
    both.end(2)
    both.end(1)
    assert values(both.together()) == [21]


def test_an_answer_that_comes_after_the_end_is_not_counted_twice() -> None:
    both = AllProcesses()
    both.begin(0)
    both.take(0, counted(10))
    both.end(0)
    both.take(0, counted(11))
    assert values(both.together()) == [10]


def test_gauges_are_what_processes_are_together_and_end_with_them() -> None:
    expected = {QUEUED_CALLS.name: 5, CACHED_SKILLS.name: 3, "process_start_time_seconds": 2}
    for name, value in expected.items():
        both = AllProcesses()
        for process, own in ((0, 2), (1, 3)):
            both.begin(process)
            both.take(process, gauge(name, own))
        assert values(both.together()) == [value]
        both.end(0)
        assert values(both.together()) == [3]
