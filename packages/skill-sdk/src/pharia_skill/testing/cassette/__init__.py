"""Calls in a file: written once against a kernel, read ever after."""

from pharia_skill.testing.cassette.recording import RecordingCsi
from pharia_skill.testing.cassette.replay import ReplayCsi

__all__ = ["RecordingCsi", "ReplayCsi"]
