"""The garbage collector of a process that serves."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from pharia_kernel.cli.collector import leave_out_start_up


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_what_start_up_made_is_not_looked_at_again() -> None:
    gc.unfreeze()
    leave_out_start_up()
    assert gc.get_freeze_count() > 0


def test_cycles_that_calls_leave_behind_are_still_collected() -> None:
    leave_out_start_up()
    assert gc.isenabled()
    young = gc.get_threshold()[0]
    assert 0 < young <= 100_000
