from __future__ import annotations

import pytest

from pharia_kernel.runtimes.wasm.host.types import (
    BYTES,
    STRING,
    EnumOf,
    FunctionType,
    Handle,
    ListOf,
    OptionOf,
    Primitive,
    RecordOf,
    ResultOf,
    TupleOf,
    VariantOf,
)
from pharia_kernel.runtimes.wasm.host.wit import WitError, parse_wit

TEXT = """
package a:b@1.2.3;

/// Comments and gates are skipped.
@since(version = 1.0.0)
world w { import later; export first; }

interface first {
    use later.{thing, kind as sort};
    /* used before it is declared */
    early: func(x: list<pair>, y: sort) -> result<_, string>;
    record pair { left: u8, %record: option<list<u8>>, }
    @unstable(feature = f)
    nothing: func();
    both: func() -> tuple<bool, f64>;
    take: func(t: thing, b: borrow<thing>);
}

interface later {
    enum kind { one, two }
    type name = string;
    variant choice { none, some(name) }
    resource thing {
        constructor(start: choice);
        next: func() -> option<name>;
        make: static func() -> own<thing>;
    }
}
"""


def test_functions_have_the_types_their_names_stand_for() -> None:
    package = parse_wit(TEXT)
    first = package.interfaces["first"].functions
    pair = RecordOf((("left", Primitive("u8")), ("record", OptionOf(BYTES))))
    assert (package.name, package.version) == ("a:b", "1.2.3")
    assert first["early"] == FunctionType((ListOf(pair), EnumOf(("one", "two"))), ResultOf(None, STRING))
    assert first["nothing"] == FunctionType(())
    assert first["both"] == FunctionType((), TupleOf((Primitive("bool"), Primitive("f64"))))
    assert first["take"] == FunctionType((Handle("thing", owned=True), Handle("thing", owned=False)))


def test_methods_are_named_as_in_binaries() -> None:
    later = parse_wit(TEXT).interfaces["later"]
    assert later.functions == {
        "[constructor]thing": FunctionType(
            (VariantOf((("none", None), ("some", STRING))),), Handle("thing", owned=True)
        ),
        "[method]thing.next": FunctionType((Handle("thing", owned=False),), OptionOf(STRING)),
        "[static]thing.make": FunctionType((), Handle("thing", owned=True)),
    }
    assert later.resources == {"thing": "later#thing"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "package a:b",
        "package a:b; interface x { f: func(a: unknown); }",
        "package a:b; interface x { f: func(a: list); }",
        "package a:b; interface x { f }",
        "package a:b; banana x { }",
    ],
)
def test_what_is_not_wit_is_refused(text: str) -> None:
    with pytest.raises(WitError):
        parse_wit(text)
