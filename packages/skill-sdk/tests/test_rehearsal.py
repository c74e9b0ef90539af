"""What is done once when a component is made, so that not every instance does it."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from pharia_skill import snapshot
from pharia_skill.bindings.imports import inference
from pharia_skill.csi.inference import ChatRequest, ChatResponse
from pharia_skill.wit_csi import WitCsi
from pharia_skill.wit_csi.rehearsal import rehearse


@pytest.fixture
def in_component(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    thresholds = gc.get_threshold()
    monkeypatch.setattr(sys, "platform", "wasi")
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


class Counting(WitCsi):
    chats = 0

    def chat_concurrent(self, requests: Any) -> list[ChatResponse]:
        assert all(isinstance(request, ChatRequest) for request in requests)
        self.chats += 1
        return super().chat_concurrent(requests)


def test_a_rehearsal_asks_a_host_that_is_not_there() -> None:
    csi = Counting()
    rehearse(csi)
    assert csi.chats > 8


def test_the_host_is_back_afterwards() -> None:
    rehearse(WitCsi())
    with pytest.raises(NotImplementedError):
        inference.chat([])
    assert inference.ChatStream.__module__ == inference.__name__


def test_the_host_is_back_when_a_rehearsal_fails() -> None:
    class Failing(WitCsi):
        def chat_concurrent(self, requests: Any) -> list[ChatResponse]:
            raise RuntimeError("not today")

    with pytest.raises(RuntimeError, match="not today"):
        rehearse(Failing())
    with pytest.raises(NotImplementedError):
        inference.chat([])


@pytest.mark.usefixtures("in_component")
def test_what_is_there_stays_out_of_later_collections() -> None:
    snapshot.settle(WitCsi())
    assert gc.get_freeze_count() > 0
    assert gc.get_threshold()[0] > 700


def test_outside_of_components_nothing_is_settled() -> None:
    before = gc.get_freeze_count(), gc.get_threshold()
    snapshot.settle(WitCsi())
    assert (gc.get_freeze_count(), gc.get_threshold()) == before
