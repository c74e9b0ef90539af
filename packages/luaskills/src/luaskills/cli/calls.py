"""``call`` and ``run-lua``."""

from __future__ import annotations

import argparse

from luaskills.cli.commands import Commands
from luaskills.cli.json_argument import read_json
from luaskills.cli.output import print_json
from luaskills.cli.runtime import opened

_JSON = "a JSON object; - reads it from standard input, @FILE from a file"


def add(commands: Commands) -> None:
    """Add these commands."""
    call = commands.add("call", _call, "Call an entry and show its result.")
    call.add_argument("tool", help="canonical name of the entry")
    call.add_argument("json_args", metavar="json-args", nargs="?", help=_JSON)
    run = commands.add("run-lua", _run_lua, "Run Lua code and show the first value it returns.")
    run.add_argument("code", help="Lua source; `args` holds the arguments")
    run.add_argument("json_args", metavar="json-args", nargs="?", help=_JSON)


def _call(given: argparse.Namespace) -> int:
    args = read_json(given.json_args)
    with opened(given) as runtime:
        return print_json(runtime.client.call_skill(given.tool, args))


def _run_lua(given: argparse.Namespace) -> int:
    args = read_json(given.json_args)
    with opened(given) as runtime:
        return print_json(runtime.client.run_lua(given.code, args))
