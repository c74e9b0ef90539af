"""JSON of a guest is read as far as the stack it is read on allows."""

from __future__ import annotations

import json

import pytest

from pharia_kernel.errors import InvalidCsiRequest
from pharia_kernel.runtimes.wasm.worlds.json_bytes import MOST_LEVELS, json_of


@pytest.mark.parametrize(
    "value",
    [
        7,
        "[" * 1000,
        [[]] * 1000,
        {'a"[': {"\\": ["[{"] * 2000}},
        [[{"a": "]" * 2000 + '"' + "[" * 2000}]] * 500,
        json.loads("[" * MOST_LEVELS + "]" * MOST_LEVELS),
    ],
)
def test_what_is_long_is_read(value: object) -> None:
    assert json_of(json.dumps(value).encode(), "a value") == value
    assert json_of(None, "a value") is None


@pytest.mark.parametrize("levels", [MOST_LEVELS + 1, 5_000, 500_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"]":', "}]")])
def test_what_is_deep_is_refused(levels: int, opening: str, closing: str) -> None:
    with pytest.raises(InvalidCsiRequest, match=r"passed a value .* 500 levels"):
        json_of((opening * levels + "1" + closing * levels).encode(), "a value")


@pytest.mark.parametrize("data", [b"", b"[", b"\xff", b'"', b"[" * 501 + b'"' + b"]" * 900, b'"' + b"[" * 900])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidCsiRequest, match="passed a value"):
        json_of(data, "a value")
