"""``python -m pharia_skill.cli``."""

from pharia_skill.cli.app import app

app()
