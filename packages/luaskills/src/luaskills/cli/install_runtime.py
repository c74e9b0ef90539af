"""``install-runtime``."""

from __future__ import annotations

import argparse

from luaskills.cli.commands import Commands
from luaskills.cli.global_options import GlobalOptions
from luaskills.install_runtime import command


def add(commands: Commands) -> None:
    """Add this command."""
    command.add_arguments(commands.add("install-runtime", _install, "Make a runtime root and show its manifest."))


def _install(given: argparse.Namespace) -> int:
    print(command.run(given, str(GlobalOptions.of(given).runtime_root)))
    return 0
