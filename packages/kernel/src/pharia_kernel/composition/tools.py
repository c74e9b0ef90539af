"""Which tools each namespace has."""

from __future__ import annotations

from pharia_kernel.config import Settings
from pharia_kernel.csi.tools import NativeTools, Toolbox


def toolbox(settings: Settings) -> Toolbox:
    return Toolbox([NativeTools({name: namespace.native_tools for name, namespace in settings.namespaces.items()})])
