"""Who used how much."""

from __future__ import annotations

from pharia_kernel.quotas import Spender
from pharia_kernel.telemetry.metric_names import OTHER
from pharia_kernel.usage import Amounts, Key, UsageBook, UsageQuery, noted, report

HAIKU = Spender("dev", "haiku", "key:1")
NOON = 1_700_049_600.0
"""2023-11-15."""


class Wall:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


def test_calls_and_requests_are_told_apart_and_add_up() -> None:
    book = UsageBook(wall=lambda: NOON)
    book.called(HAIKU, failed=False, seconds=2.0)
    book.called(HAIKU, failed=True, seconds=1.0)
    book.refused(HAIKU)
    book.asked(HAIKU, "small", failed=False, seconds=0.5, input=10, output=20)
    book.asked(HAIKU, "large", failed=True, seconds=0.25, input=1, output=0)
    found = report(book.rows(), UsageQuery())
    assert [(row.model, row.calls, row.failures, row.refused, row.requests) for row in found.rows] == [
        ("", 2, 1, 1, 0),
        ("large", 0, 0, 0, 1),
        ("small", 0, 0, 0, 1),
    ]
    total = found.total
    assert (total.seconds, total.request_seconds, total.request_failures) == (3.0, 0.75, 1)
    assert (total.input_tokens, total.output_tokens) == (11, 20)


def test_rows_can_be_added_up_and_chosen() -> None:
    book = UsageBook(wall=lambda: NOON)
    for namespace in ("a", "b"):
        for caller in ("x", "y"):
            book.called(Spender(namespace, "s", caller), failed=False, seconds=1.0)
    by_caller = report(book.rows(), UsageQuery(by=("caller",)))
    assert [(row.caller, row.namespace, row.calls) for row in by_caller.rows] == [("x", None, 2), ("y", None, 2)]
    of_a = report(book.rows(), UsageQuery(by=(), namespace="a", caller="x"))
    assert [row.calls for row in of_a.rows] == [1]
    assert report(book.rows(), UsageQuery(), visible=lambda namespace: namespace == "b").total.calls == 2


def test_days_are_told_apart_and_old_ones_forgotten() -> None:
    wall = Wall()
    book = UsageBook(days=2, wall=wall)
    for _ in range(3):
        book.called(HAIKU, failed=False, seconds=1.0)
        wall.now += 86_400
    book.refused(HAIKU)
    assert [(row.day, row.calls) for row in report(book.rows(), UsageQuery()).rows] == [
        ("2023-11-17", 1),
        ("2023-11-18", 0),
    ]
    assert report(book.rows(), UsageQuery(first="2023-11-18")).total.refused == 1
    assert report(book.rows(), UsageQuery(last="2023-11-17")).total.calls == 1


def test_names_beyond_the_room_are_counted_together() -> None:
    book = UsageBook(most=3, wall=lambda: NOON)
    for number in range(100):
        book.called(Spender("dev", "s", f"caller-{number}"), failed=False, seconds=1.0)
    rows = {row.caller: row.calls for row in report(book.rows(), UsageQuery(by=("caller",))).rows}
    assert rows == {"caller-0": 1, "caller-1": 1, "caller-2": 1, OTHER: 97}


def test_what_is_drained_is_counted_once_wherever_it_goes() -> None:
    one, whole = UsageBook(wall=lambda: NOON), UsageBook(wall=lambda: NOON)
    for _ in range(3):
        one.called(HAIKU, failed=False, seconds=1.0)
        whole.take(one.drain())
        whole.take(one.drain())
    assert report(whole.rows(), UsageQuery()).total.calls == 3


def test_what_is_older_than_the_days_is_not_taken() -> None:
    book = UsageBook(days=1, wall=lambda: NOON)
    book.take([(Key("2023-11-14", "dev", "s", "c", ""), Amounts(calls=5))])
    assert book.rows() == []


def test_a_noted_call_that_raises_has_failed() -> None:
    book = UsageBook(wall=lambda: NOON)
    with noted(book, HAIKU):
        pass
    try:
        with noted(book, HAIKU):
            raise ValueError
    except ValueError:
        pass
    total = report(book.rows(), UsageQuery()).total
    assert (total.calls, total.failures) == (2, 1)
