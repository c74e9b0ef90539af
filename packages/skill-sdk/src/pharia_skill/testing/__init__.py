"""Stand-ins for the kernel: give one to a skill and call it as a function.

==================  ===================================================================
:class:`StubCsi`     answers without being told what; a base for stand-ins of your own
:class:`ScriptedCsi` answers as the test says, counts tokens, keeps a log, injects failures
:class:`DevCsi`      asks a running kernel over HTTP, with traces
:class:`RecordingCsi`, :class:`ReplayCsi`  write calls to a file, answer them from it
:class:`MessageRecorder`  takes what a message-stream skill writes
==================  ===================================================================
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pharia_skill.testing.dev.streaming_output import MessageRecorder, RecordedMessage
from pharia_skill.testing.stub import StubCsi

if TYPE_CHECKING:
    from pharia_skill.message_stream.writer import MessageWriter as Response
    from pharia_skill.testing.cassette import RecordingCsi, ReplayCsi
    from pharia_skill.testing.dev.csi import DevCsi
    from pharia_skill.testing.dev.streaming_output import MessageRecorder as DevResponse
    from pharia_skill.testing.scripted import ScriptedCsi

_LATER = {
    "DevCsi": "pharia_skill.testing.dev.csi",
    "RecordingCsi": "pharia_skill.testing.cassette",
    "ReplayCsi": "pharia_skill.testing.cassette",
    "ScriptedCsi": "pharia_skill.testing.scripted",
}
_OLD_NAMES = {
    "DevResponse": ("pharia_skill.testing.dev.streaming_output", "MessageRecorder"),
    "Response": ("pharia_skill.message_stream.writer", "MessageWriter"),
}

__all__ = [
    "DevCsi",
    "DevResponse",
    "MessageRecorder",
    "RecordedMessage",
    "RecordingCsi",
    "ReplayCsi",
    "Response",
    "ScriptedCsi",
    "StubCsi",
]


def __getattr__(name: str) -> Any:
    """Loading the HTTP client and OpenTelemetry takes longer than most tests; only who asks for them waits."""
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    if name in _OLD_NAMES:
        module, new = _OLD_NAMES[name]
        return getattr(import_module(module), new)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
