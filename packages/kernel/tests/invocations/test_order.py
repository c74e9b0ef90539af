"""The protocol of message streams."""

from __future__ import annotations

import msgspec
import pytest

from pharia_kernel.errors import InvalidOutput, ProtocolViolation
from pharia_kernel.invocations.order import MessageOrder
from pharia_kernel.types import MessageAppend, MessageBegin, MessageEnd, OutputItem, Reasoning

BLAME = "This is a bug in the skill. Please contact its developer."
BEGIN, APPEND, END, REASONING = MessageBegin(), MessageAppend("x"), MessageEnd(), Reasoning("y")


def check(*items: OutputItem) -> None:
    order = MessageOrder()
    for item in items:
        order.check(item)


@pytest.mark.parametrize(
    "items",
    [
        (),
        (BEGIN,),
        (BEGIN, REASONING),
        (BEGIN, END),
        (BEGIN, MessageAppend(""), APPEND, REASONING, APPEND, END),
        (BEGIN, END, BEGIN, APPEND, END),
        (BEGIN, MessageEnd(msgspec.Raw(b'{"sources": 2}'))),
    ],
)
def test_a_good_order_passes(items: tuple[OutputItem, ...]) -> None:
    check(*items)


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ((END,), "inserted a message end into the stream, which has not been preceded by a message begin."),
        ((REASONING,), "inserted a reasoning message into the stream, which has not been preceded by a message begin."),
        ((APPEND,), "inserted a message append into the stream, which has not been preceded by a message begin."),
        ((BEGIN, BEGIN), "inserted a message begin into while the previous message has not been ended yet."),
        ((BEGIN, END, APPEND), "message append into the stream, which has not been preceded by a message begin."),
        ((BEGIN, END, END), "message end into the stream, which has not been preceded by a message begin."),
    ],
)
def test_a_wrong_order_is_the_skills_bug(items: tuple[OutputItem, ...], text: str) -> None:
    check(*items[:-1])
    with pytest.raises(ProtocolViolation) as caught:
        check(*items)
    assert str(caught.value).startswith("The skill ")
    assert str(caught.value).endswith(f"{text} {BLAME}")


@pytest.mark.parametrize("before", [(), (BEGIN,)])
def test_an_end_payload_that_is_not_json_is_invalid_output(before: tuple[OutputItem, ...]) -> None:
    with pytest.raises(InvalidOutput, match="payload of a message end is not JSON"):
        check(*before, MessageEnd(msgspec.Raw(b"nope")))
