"""Where ``require`` finds the Lua packages of the host."""

from __future__ import annotations

import os
from collections.abc import Mapping

from luaskills.types import Json


def search_templates(options: Mapping[str, Json], native: bool) -> tuple[str, str]:
    """What goes in front of ``package.path`` and ``package.cpath``, every template with its ``;``.

    Empty without an existing ``lua_packages_dir``; the second is empty too unless native modules may be loaded.
    """
    packages, libraries = options.get("lua_packages_dir"), options.get("host_provided_ffi_root")
    if not packages or not os.path.isdir(packages):
        return "", ""
    lua = [f"{packages}/share/lua/?.lua", f"{packages}/share/lua/?/init.lua", f"{packages}/?.lua"]
    found = [f"{packages}/lib/lua/?.so", f"{packages}/lib/lua/?/init.so", f"{packages}/lib/lua/loadall.so"]
    found.append(f"{packages}/?.so")
    if libraries and os.path.isdir(libraries):
        found += [f"{libraries}/?.so", f"{libraries}/?/init.so"]
    return _joined(lua), _joined(found) if native else ""


def _joined(templates: list[str]) -> str:
    return "".join(f"{template};" for template in templates)
