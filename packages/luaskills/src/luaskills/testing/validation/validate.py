"""All checks of a package."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from luaskills.testing.case import CaseProblem
from luaskills.testing.case_file import read_cases
from luaskills.testing.lined_yaml import read_lined
from luaskills.testing.package import case_files
from luaskills.testing.validation.dependencies_check import DependenciesCheck
from luaskills.testing.validation.finding import Finding, Findings
from luaskills.testing.validation.lua_check import check_lua
from luaskills.testing.validation.manifest_check import ManifestCheck
from luaskills.testing.validation.references import check_references
from luaskills.types import Flavour


def validate(package: Path | str, flavour: Flavour | str = Flavour.LUAJIT) -> list[Finding]:
    """Everything that is wrong with a package, by file and line; empty when it will load."""
    package, findings = Path(os.path.abspath(package)), Findings()
    manifest = ManifestCheck(package, findings).run()
    if manifest is not None:
        file = package / "skill.yaml"
        check_references(file, manifest, read_lined(file), findings)
        _check_schemas(package, manifest, findings)
    check_lua(package, findings, Flavour(flavour))
    DependenciesCheck(package, findings).run()
    for cases in case_files(package):
        try:
            read_cases(cases, package)
        except CaseProblem as error:
            findings.error(error.file, error.line, error.text)
    return findings.sorted()


def _check_schemas(package: Path, manifest: dict[str, Any], findings: Findings) -> None:
    """Where in a schema file the JSON ends to be JSON."""
    entries = manifest.get("entries")
    for entry in entries if isinstance(entries, list) else []:
        file = entry.get("input_schema_file") if isinstance(entry, dict) else None
        path = package / file if isinstance(file, str) else None
        if path is None or not path.is_file():
            continue
        try:
            json.loads(path.read_text("utf-8"))
        except json.JSONDecodeError as error:
            findings.error(path, error.lineno, f"is no JSON: {error.msg}")
        except (UnicodeDecodeError, OSError, RecursionError) as error:
            findings.error(path, 1, f"can not be read: {error}")
