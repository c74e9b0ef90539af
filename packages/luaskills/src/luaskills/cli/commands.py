"""The list of commands, as each group of them extends it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

Run = Callable[[argparse.Namespace], int]
"""Runs a command and gives its exit status."""


class Commands:
    """Adds commands to a parser; what the line says is found in ``run`` of the parsed namespace."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._commands: Any = parser.add_subparsers(
            title="commands", dest="command", metavar="COMMAND", required=True, prog=parser.prog
        )

    def add(self, name: str, run: Run, text: str) -> argparse.ArgumentParser:
        """A command; the parser is for its arguments."""
        parser: argparse.ArgumentParser = self._commands.add_parser(
            name, help=text, description=text, allow_abbrev=False
        )
        parser.set_defaults(run=run)
        return parser
