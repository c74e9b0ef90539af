"""The command ``pharia-kernel``."""

from pharia_kernel.cli.app import app

__all__ = ["app"]
