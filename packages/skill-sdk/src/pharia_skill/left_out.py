"""What pydantic would import although nothing in a component can use it; imported before pydantic, for its effect.

Plugins are found through ``importlib.metadata``, which brings along e-mail, archives and sockets: a tenth of the memory
of a component, which has no installed distributions. The path of the time zones is found in a table of everything that
was known when Python was compiled, but a component has no files.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType

_LOADER = "pydantic.plugin._loader"
_TIME_ZONES = "PYTHONTZPATH"


class _NoPlugins(ModuleType):
    @staticmethod
    def get_plugins() -> tuple[()]:
        return ()


if sys.platform == "wasi" and _LOADER not in sys.modules:
    sys.modules[_LOADER] = _NoPlugins(_LOADER)
    os.environ[_TIME_ZONES] = ""
    import zoneinfo  # noqa: F401

    del os.environ[_TIME_ZONES]
