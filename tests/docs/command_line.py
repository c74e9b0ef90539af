"""Writes ``docs/command-line.md`` from the commands themselves (``make docs``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer.main

from pharia_kernel.cli import app

PROGRAM = "pharia-kernel"

_BEGIN = """\
# Command line

What `pharia-kernel` and each of its commands take; `--help` after any of them says the same. Settings that have no
option are in the file and the environment: [configuration](configuration.md). Answers go to standard output, everything
else to standard error. There is no shell completion.

| exit status | meaning |
| --- | --- |
| 0 | done; for a server, that it was told to stop |
| 1 | failed; the last line of standard error that begins with `Error:` says why |
| 2 | wrong usage |
| 130 | interrupted before there was anything to stop |

Made by `make docs`; a test compares.
"""


def commands(command: Any = None, name: str = PROGRAM) -> Iterator[tuple[str, Any]]:
    """Every command with the words to type, in the order of ``--help``; without those that are hidden."""
    command = typer.main.get_command(app) if command is None else command
    yield name, command
    for one, inner in getattr(command, "commands", {}).items():
        if not inner.hidden:
            yield from commands(inner, f"{name} {one}")


def parameters(command: Any) -> list[Any]:
    """Arguments and options, apart from ``--help``."""
    return [one for one in command.params if not getattr(one, "hidden", False)]


def page() -> str:
    return "\n".join([_BEGIN, *(_section(name, command) for name, command in commands())])


def _section(name: str, command: Any) -> str:
    context = command.make_context(name, [], resilient_parsing=True)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    lines = [f"## {name}", "", " ".join((command.help or "").split()), "", "```text", usage, "```", ""]
    rows = [_row(one, context) for one in parameters(command)]
    if rows:
        lines += ["| | |", "| --- | --- |", *rows, ""]
    return "\n".join(lines)


def _row(parameter: Any, context: Any) -> str:
    written, said = (" ".join(text.split()).replace("|", "\\|") for text in parameter.get_help_record(context))
    if parameter.param_type_name == "argument" or parameter.is_flag:  # of which the type says nothing
        written = written.partition(" <")[0]
    return f"| `{written}` | {said} |"


if __name__ == "__main__":
    print(page(), end="")
