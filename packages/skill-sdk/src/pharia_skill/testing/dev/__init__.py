"""Skills on a developer's machine, with a kernel somewhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pharia_skill.testing.dev.streaming_output import MessageRecorder, RecordedMessage

if TYPE_CHECKING:
    from pharia_skill.testing.dev.csi import DevCsi

__all__ = ["DevCsi", "MessageRecorder", "RecordedMessage"]


def __getattr__(name: str) -> Any:
    """The HTTP client and OpenTelemetry are loaded by those who ask for them."""
    if name == "DevCsi":
        from pharia_skill.testing.dev.csi import DevCsi

        return DevCsi
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
