"""``config list``, ``config get``, ``config set`` and ``config delete``."""

from __future__ import annotations

import argparse

from luaskills.cli.commands import Commands
from luaskills.cli.global_options import UsageError
from luaskills.cli.output import print_json
from luaskills.cli.runtime import opened

_USAGE = {
    "list": ("config list [skill-id]", (0, 1)),
    "get": ("config get <skill-id> <key>", (2,)),
    "set": ("config set <skill-id> <key> <value>", (3,)),
    "delete": ("config delete <skill-id> <key>", (2,)),
}


def add(commands: Commands) -> None:
    """Add this command."""
    config = commands.add("config", _config, "Show and change the configuration of skills: texts by key.")
    config.add_argument("action", choices=tuple(_USAGE), help="what to do")
    config.add_argument(
        "words", metavar="skill-id key value", nargs="*", default=[], help="as far as the action needs them"
    )


def _config(given: argparse.Namespace) -> int:
    usage, counts = _USAGE[given.action]
    words: list[str] = given.words
    if len(words) not in counts:
        raise UsageError(usage)
    with opened(given) as runtime:
        config = runtime.client.config
        if given.action == "list":
            return print_json(config.list(*words))
        if given.action == "get":
            return print_json(config.get(*words))
        if given.action == "set":
            return print_json(config.set(*words))
        return print_json(config.delete(*words))
