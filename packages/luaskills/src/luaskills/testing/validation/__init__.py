"""Checking a skill package without running it: every problem at once, with file and line."""

from luaskills.testing.validation.finding import Finding, Level
from luaskills.testing.validation.validate import validate

__all__ = ["Finding", "Level", "validate"]
