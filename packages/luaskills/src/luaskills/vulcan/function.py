"""What a host function is, and the results that are more than JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from luaskills.vulcan.arguments import Arguments

HostFunction = Callable[[Arguments], object]
"""Takes the arguments, returns None, a scalar, `bytes`, JSON data, a `Handle` or an `Iterator`; refuses by raising
`HostFunctionError` with the exact message."""


@dataclass(frozen=True, slots=True)
class Handle:
    """A host resource in Lua: `handle:name(…)` calls a method. It lives as long as Lua or Python holds one of them."""

    methods: Mapping[str, HostFunction]


@dataclass(frozen=True, slots=True)
class Iterator:
    """A function Lua calls in a `for` loop until it returns nil."""

    step: HostFunction
