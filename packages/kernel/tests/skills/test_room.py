"""What goes when there is no room."""

from __future__ import annotations

import logging

import pytest

from pharia_kernel.skills.room import MIB, Room
from pharia_kernel.skills.version import Lease, Version
from pharia_kernel.types import SkillPath


class Shelf:
    def __init__(self, capacity: int) -> None:
        self.room = Room(capacity)
        self.evicted: list[str] = []

    def put(self, name: str, weight: int) -> Version:
        version = Version(None, f"sha256:{name}", weight)  # type: ignore[arg-type]
        self.room.add(SkillPath("dev", name), version, lambda: self.evicted.append(name))
        return version


def test_of_three_large_skills_two_remain_where_two_have_room() -> None:
    """Row 127."""
    shelf = Shelf(130 * MIB)
    for name in "abc":
        shelf.put(name, 60 * MIB)
    assert shelf.evicted == ["a"]


def test_many_small_skills_remain() -> None:
    """Row 128."""
    shelf = Shelf(100 * MIB)
    for number in range(100):
        shelf.put(str(number), MIB)
    assert shelf.evicted == []
    assert shelf.room.full


def test_what_was_called_last_stays(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    shelf = Shelf(2 * MIB)
    first, _ = shelf.put("first", MIB), shelf.put("second", MIB)
    with Lease(first, None):
        shelf.put("third", MIB)
    assert shelf.evicted == ["second"]
    assert "skill dev/second is unloaded to make room (2 of 2 MiB" in caplog.text


def test_one_that_is_larger_than_all_the_room_is_served_alone() -> None:
    shelf = Shelf(MIB)
    shelf.put("small", 1)
    large = shelf.put("large", 10 * MIB)
    assert shelf.evicted == ["small"]
    shelf.room.drop(large)
    assert not shelf.room.full


def test_what_is_given_up_otherwise_leaves_its_room() -> None:
    shelf = Shelf(2 * MIB)
    version = shelf.put("a", 2 * MIB)
    shelf.room.drop(version)
    shelf.room.drop(version)
    shelf.put("b", 2 * MIB)
    assert shelf.evicted == []


def test_what_has_no_code_takes_no_room() -> None:
    shelf = Shelf(MIB)
    shelf.put("chat", 0)
    shelf.put("a", 2 * MIB)
    assert shelf.evicted == []
