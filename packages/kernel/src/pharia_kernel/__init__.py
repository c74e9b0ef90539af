"""A serverless runtime for AI skills.

async with Kernel(settings) as kernel:
    await kernel.run("dev/haiku", {"topic": "oat milk"})
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pharia_kernel.config import Settings, load_settings
    from pharia_kernel.errors import KernelError
    from pharia_kernel.kernel import Kernel

__all__ = ["Kernel", "KernelError", "Settings", "load_settings"]

_HOMES = {
    "Kernel": "pharia_kernel.kernel",
    "KernelError": "pharia_kernel.errors",
    "Settings": "pharia_kernel.config",
    "load_settings": "pharia_kernel.config",
}


def __getattr__(name: str) -> Any:
    """Loads on first use: ``pharia-kernel --version`` needs no engine."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
