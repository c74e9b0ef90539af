"""Lua skills: engine, SDK and command line.

The public names are those of :mod:`luaskills.public`. They are loaded at the first use of one of them, because
processes that need the engine alone (workers, servers) start faster without the rest.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from luaskills.public import *  # noqa: F403  (its __all__ is the list)
else:

    def __getattr__(name: str) -> object:
        if name == "__all__" or not name.startswith("_"):
            public = importlib.import_module("luaskills.public")
            if name == "__all__" or name in public.__all__:
                value = globals()[name] = getattr(public, name)
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__getattr__("__all__")})
