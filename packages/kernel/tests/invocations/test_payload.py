"""JSON in, JSON out."""

from __future__ import annotations

import pytest

from pharia_kernel.errors import InvalidJson, InvalidOutput, PayloadTooLarge
from pharia_kernel.invocations.payload import check_output, compact_input

NOT_JSON = [
    b"",
    b" ",
    b"{",
    b"nope",
    b"NaN",
    b"1 2",
    b'{"a":}',
    b"[1,]",
    b'"\xff"',
    b'{"\xff":1}',
    b'"\x01"',
    b"\xef\xbb\xbf1",
    b"[" * 100_000 + b"]" * 100_000,
]


@pytest.mark.parametrize("data", NOT_JSON, ids=lambda data: repr(data[:12]))
def test_what_is_not_json_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidJson, match="the input is not JSON: "):
        compact_input(data, 1_000_000)
    with pytest.raises(InvalidOutput, match="the skill's answer is not JSON: "):
        check_output(data)


def test_input_reaches_the_skill_compact() -> None:
    assert compact_input(b' {"b" : [1, 2.50, "x y" ],\n"a":null} ', 100) == b'{"b":[1,2.50,"x y"],"a":null}'


def test_numbers_keep_every_digit() -> None:
    digits = b"[123456789012345678901234567890,0.1000000000000000055511151231257827]"
    assert compact_input(digits, 100) == digits


def test_input_above_the_limit_is_refused_unread() -> None:
    assert compact_input(b'"1234567"', 9) == b'"1234567"'
    with pytest.raises(PayloadTooLarge, match="10 bytes; at most 9"):
        compact_input(b"{" * 10, 9)


def test_output_stays_as_the_skill_wrote_it() -> None:
    assert check_output(b'{"b": 1, "a": "\xc3\xbc"}\n') == b'{"b": 1, "a": "\xc3\xbc"}\n'
