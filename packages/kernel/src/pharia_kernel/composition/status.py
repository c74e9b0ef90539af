"""What those who watch the kernel see of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pharia_kernel.composition.peers import WorkerStatus
from pharia_kernel.csi.tools.mcp import McpStatus
from pharia_kernel.skills import NamespaceStatus

InferenceState = Literal["starting", "ready", "failed"]
KernelState = Literal["starting", "serving", "draining", "stopping"]
"""``draining`` still takes calls, ``stopping`` does not."""


@dataclass(frozen=True, slots=True)
class InferenceStatus:
    source: str
    """The kind of the backend, ``routed`` for several, ``none``, or ``custom`` for one handed in."""
    state: InferenceState


@dataclass(frozen=True, slots=True)
class KernelStatus:
    """For those who watch the kernel; ``ready`` means that it takes calls."""

    ready: bool
    namespaces: dict[str, NamespaceStatus]
    inference: InferenceStatus
    running_calls: int
    queued_calls: int
    mcp_servers: dict[str, McpStatus] = field(default_factory=dict)
    """Of the namespaces that have some: what is wrong with them, and which tools are hidden by others."""
    state: KernelState = "serving"
    workers: WorkerStatus = field(default_factory=WorkerStatus)
