"""A Csi that answers as the test says."""

from pharia_skill.testing.scripted.calls import Call
from pharia_skill.testing.scripted.csi import ScriptedCsi

__all__ = ["Call", "ScriptedCsi"]
