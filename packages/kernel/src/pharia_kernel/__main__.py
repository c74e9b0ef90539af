"""``python -m pharia_kernel`` is ``pharia-kernel``."""

from pharia_kernel.cli import app

app()
