"""``validate``."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

from luaskills.cli.commands import Commands
from luaskills.cli.output import counted, print_json
from luaskills.testing.package import packages_at
from luaskills.testing.validation import Finding, Level
from luaskills.testing.validation import validate as findings_of
from luaskills.types import Flavour


def add(commands: Commands) -> None:
    """Add this command."""
    validate = commands.add("validate", _validate, "Show everything that is wrong with a skill package.")
    validate.add_argument("paths", metavar="PATH", nargs="*", help="package, or folder of packages; default: .")
    validate.add_argument("--strict", action="store_true", help="fail for warnings too")
    validate.add_argument("--json", action="store_true", help="show the problems as JSON")


def _validate(given: argparse.Namespace) -> int:
    flavour = Flavour(given.flavour or Flavour.LUAJIT)
    packages = [package for path in given.paths or ["."] for package in packages_at(Path(path))]
    found = [_seen_from_here(finding) for package in packages for finding in findings_of(package, flavour)]
    errors = sum(finding.level is Level.ERROR for finding in found)
    if given.json:
        print_json([finding.to_json() for finding in found])
    else:
        for finding in found:
            print(finding)
        print(f"{counted(errors, 'error')}, {counted(len(found) - errors, 'warning')}")
    return 1 if errors or (given.strict and found) else 0


def _seen_from_here(finding: Finding) -> Finding:
    path = os.path.relpath(finding.file)
    return finding if path.startswith("..") else replace(finding, file=Path(path))
