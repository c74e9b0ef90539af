"""The command ``luaskills``."""

from luaskills.cli.app import main

__all__ = ["main"]
