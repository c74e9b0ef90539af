"""Settings of what is remembered about usage."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from pharia_kernel.config.tables import DirectoryPath, Table


class UsageSettings(Table):
    days: int = Field(default=31, gt=0, le=400)
    """For which usage is told apart, the current one included."""
    file: Annotated[DirectoryPath | None, BeforeValidator(lambda value: None if value == "" else value)] = None
    """In which usage outlives the process; without it, it begins anew with each start."""
