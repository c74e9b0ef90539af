"""The host functions of Lua skills: everything under the global `vulcan`.

`install` builds the table in a runtime, once per VM; the `Bridge` it returns is entered before every call. The engine
adds `vulcan.call` and `print` itself.
"""

from __future__ import annotations

from typing import Any

from luaskills.context import CallContext
from luaskills.vulcan.bridge import Bridge
from luaskills.vulcan.tables import build

__all__ = ["Bridge", "install"]


def install(runtime: Any, context: CallContext) -> Bridge:
    """Build `vulcan` in `runtime` (made by `luaskills.engine.lua.new_runtime`) for the calls of `context`."""
    bridge = Bridge(runtime, context)
    build(bridge, context)
    return bridge
