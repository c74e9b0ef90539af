"""Settings of how often an instance of a skill is called, and how many are kept ready."""

from __future__ import annotations

from pydantic import Field

from pharia_kernel.config.tables import Seconds, Table


class InstanceSettings(Table):
    reuse: int = Field(default=1, gt=0, le=1_000_000)
    """Calls of one instance, one after the other; with 1 every call has a fresh one."""
    idle: Seconds = 30.0
    """A used instance that waits longer for its next call is taken down."""
    spare: int | None = Field(default=None, ge=0, le=1000)
    """Fresh instances kept ready; by default as many as of every skill."""
