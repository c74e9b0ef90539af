"""Settings of skills that are Lua packages."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pharia_kernel.config.tables import DirectoryPath, Table

LuaProfile = Literal["locked", "standard", "trusted"]


class LuaSettings(Table):
    directory: DirectoryPath | None = None
    """Where packages are unpacked and keep their databases; without it ``pharia-kernel/lua`` in the user's data."""
    processes: int = Field(default=32, gt=0, le=1000)
    """That run calls at the same time; each takes about 10 MB and what its skill takes."""
