"""Traces in Studio. Both generations of its interface are spoken."""

from pharia_skill.errors import OutdatedPhariaAI
from pharia_skill.studio.client import StudioClient, StudioProject
from pharia_skill.studio.exporter import SpanClient, StudioExporter, StudioSpanProcessor
from pharia_skill.studio.span import StudioSpan

__all__ = [
    "OutdatedPhariaAI",
    "SpanClient",
    "StudioClient",
    "StudioExporter",
    "StudioProject",
    "StudioSpan",
    "StudioSpanProcessor",
]
