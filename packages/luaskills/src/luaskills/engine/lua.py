"""A bare Lua runtime as the engine uses it, for both flavours.

Text crosses as UTF-8. A Python ``str`` becomes its UTF-8 bytes and ``bytes`` become the same Lua string; a Lua string
comes back as ``str``. A Lua string that is not UTF-8 can not come back: lupa raises ``UnicodeDecodeError``, inside a
callback as a Lua error.
"""

from __future__ import annotations

import importlib
from typing import Any, NoReturn

from luaskills.types import Flavour

_MODULES = {Flavour.LUAJIT: "lupa.luajit21", Flavour.LUA54: "lupa.lua54"}


def module(flavour: Flavour) -> Any:
    """The lupa module of a flavour: ``LuaRuntime``, ``LuaError``, ``LuaMemoryError``, ``lua_type``."""
    return importlib.import_module(_MODULES[flavour])


def new_runtime(flavour: Flavour = Flavour.LUAJIT, memory_bytes: int | None = None) -> Any:
    """A fresh runtime that gives Lua no way to Python but what is put into it.

    The module ``python`` is gone, attributes of Python objects can not be read, ``memory_bytes`` bounds the Lua heap.
    Python callables must be wrapped in a Lua closure before skills see them: they would be userdata otherwise.
    """
    runtime = module(flavour).LuaRuntime(
        encoding="utf-8",
        register_eval=False,
        register_builtins=False,
        unpack_returned_tuples=True,
        attribute_filter=_no_attributes,
        max_memory=memory_bytes or 0,
    )
    names = runtime.globals()
    names["python"] = names["package"]["loaded"]["python"] = None
    return runtime


def _no_attributes(_object: object, name: str, _setting: bool) -> NoReturn:
    raise AttributeError(f"`{name}` is not open to Lua")
