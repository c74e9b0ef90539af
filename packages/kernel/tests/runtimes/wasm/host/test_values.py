"""Lowered and lifted again, data is the same; what does not fit is refused."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import pytest

from pharia_kernel.runtimes.wasm.host import capi
from pharia_kernel.runtimes.wasm.host.errors import CannotLower
from pharia_kernel.runtimes.wasm.host.lift import prepare_lift
from pharia_kernel.runtimes.wasm.host.lower import free, prepare_lower
from pharia_kernel.runtimes.wasm.host.types import (
    BYTES,
    STRING,
    EnumOf,
    FlagsOf,
    ListOf,
    OptionOf,
    Primitive,
    RecordOf,
    ResultOf,
    TupleOf,
    ValueType,
    VariantOf,
)

U32, S64, F64, BOOL = Primitive("u32"), Primitive("s64"), Primitive("f64"), Primitive("bool")
RECORD = RecordOf((("max-tokens", OptionOf(U32)), ("name", STRING)))
VARIANT = VariantOf((("none", None), ("text", STRING), ("deep", RECORD)))


def through(kind: ValueType, value: Any) -> Any:
    lowered = prepare_lower(kind, {})(value, 0)
    slot = ctypes.create_string_buffer(lowered, capi.VAL_SIZE)
    try:
        return prepare_lift(kind)(ctypes.addressof(slot), 0)
    finally:
        free(lowered)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (STRING, ""),
        (STRING, "grüße \0 and 🐦"),
        (BOOL, True),
        (BOOL, False),
        (U32, 0),
        (U32, 2**32 - 1),
        (S64, -(2**63)),
        (Primitive("u8"), 255),
        (Primitive("s8"), -128),
        (Primitive("u16"), 65535),
        (Primitive("s16"), -1),
        (Primitive("s32"), -5),
        (Primitive("u64"), 2**64 - 1),
        (Primitive("char"), "🐦"),
        (F64, 0.1),
        (F64, -math.inf),
        (BYTES, b""),
        (BYTES, bytes(range(256)) * 40),
        (ListOf(STRING), ["a", "", "c"]),
        (ListOf(ListOf(U32)), [[1], [], [2, 3]]),
        (RECORD, {"max_tokens": None, "name": "n"}),
        (RECORD, {"max_tokens": 3, "name": "n"}),
        (VARIANT, ("none", None)),
        (VARIANT, ("text", "t")),
        (VARIANT, ("deep", {"max_tokens": 1, "name": "x"})),
        (EnumOf(("stop", "tool-calls")), "tool-calls"),
        (FlagsOf(("a", "b", "c")), frozenset({"a", "c"})),
        (TupleOf((U32, STRING)), (1, "one")),
        (ResultOf(BYTES, VARIANT), ("ok", b"x")),
        (ResultOf(BYTES, VARIANT), ("err", ("text", "no"))),
        (ResultOf(None, None), ("ok", None)),
        (OptionOf(OptionOf(U32)), None),
    ],
)
def test_data_survives_the_way_there_and_back(kind: ValueType, value: Any) -> None:
    assert through(kind, value) == value


def test_whole_numbers_are_good_for_floats() -> None:
    assert through(F64, 3) == 3.0


def test_lone_surrogates_become_replacement_characters() -> None:
    """JSON may contain such escapes; WebAssembly text may not."""
    assert through(STRING, "a\ud800b") == "a?b"


def test_members_the_type_does_not_have_are_dropped() -> None:
    assert through(RECORD, {"max_tokens": 1, "name": "n", "usage": 5}) == {"max_tokens": 1, "name": "n"}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (U32, -1),
        (U32, 2**32),
        (U32, True),
        (U32, 1.0),
        (U32, None),
        (F64, True),
        (F64, "1"),
        (STRING, None),
        (STRING, b"bytes"),
        (BYTES, "text"),
        (BYTES, [1, 2]),
        (EnumOf(("stop", "length")), "tool-calls"),
        (VARIANT, ("unknown", None)),
        (RECORD, {"name": "n"}),
        (RECORD, "no record"),
        (ListOf(STRING), ["fine", None]),
        (RecordOf((("a", STRING), ("b", U32))), {"a": "kept until b fails", "b": -1}),
    ],
)
def test_what_does_not_fit_is_refused_instead_of_cut(kind: ValueType, value: Any) -> None:
    with pytest.raises(CannotLower):
        prepare_lower(kind, {})(value, 0)
