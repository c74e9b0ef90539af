"""``python -m luaskills.native build [--output DIR]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from luaskills.native.build import build
from luaskills.native.compiler import BuildFailed, shared_python


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m luaskills.native", description="The engine as a shared library.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("build", help="compile libluaskills and its header; needs a C compiler")
    command.add_argument("--output", type=Path, default=Path(), metavar="DIR", help="where to write (default: here)")
    given = parser.parse_args(arguments)
    try:
        print(build(given.output))
    except BuildFailed as error:
        print(f"libluaskills was not built: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"libluaskills was not built: {error.filename or given.output}: {error.strerror}", file=sys.stderr)
        return 1
    if shared_python() is None:
        print("this Python has no shared library: only programs in Python can load the result", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
