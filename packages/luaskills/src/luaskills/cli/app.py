"""From the words of a line to an exit status.

0 done, 1 failed (``error: …`` on standard error), 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import traceback
from collections.abc import Sequence

from luaskills.cli import calls, config, install_runtime, management, new, pack, queries, test, validate
from luaskills.cli.commands import Commands
from luaskills.cli.global_options import UsageError, add_global_options, in_front
from luaskills.cli.interrupts import INTERRUPTED, interrupts
from luaskills.cli.log import logs_shown
from luaskills.cli.output import complain

_GROUPS = (queries, calls, config, management, install_runtime, new, validate, test, pack)


def build_parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    parser = argparse.ArgumentParser(
        prog="luaskills", description="Load, call, manage, write and test Lua skills.", allow_abbrev=False
    )
    parser.usage = "luaskills [options] COMMAND …"
    add_global_options(parser)
    commands = Commands(parser)
    for group in _GROUPS:
        group.add(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Raises SystemExit with 2 for wrong usage, with 0 after ``--help``."""
    parser = build_parser()
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        given = _parsed(parser, words)
        with logs_shown(given.verbose), interrupts() as asked:
            status = _run(given, asked)
        return INTERRUPTED if asked.is_set() else status
    except UsageError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        return INTERRUPTED


def _parsed(parser: argparse.ArgumentParser, words: list[str]) -> argparse.Namespace:
    for word in words:
        if any("\ud800" <= letter <= "\udfff" for letter in word):
            raise UsageError(f"an argument is not UTF-8: {word!r}")
    front, rest = in_front(words)
    return parser.parse_args([*front, *rest])


def _run(given: argparse.Namespace, asked: threading.Event) -> int:
    given.interrupted = asked
    try:
        status: int = given.run(given)
        sys.stdout.flush()
        return status
    except UsageError:
        raise
    except BrokenPipeError:
        # whoever reads has enough; the interpreter would complain when it flushes at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if asked.is_set():
            return INTERRUPTED
        if given.traceback:
            traceback.print_exc()
        complain(_told(error))
        return 1


def _told(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__
