"""Every fault that operators can read about is one that a test makes, and the other way round."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FAULTS = ("clocks", "disks", "killed_processes", "services")


def faults_described() -> list[str]:
    table = (ROOT / "docs" / "operations.md").read_text().partition("## Faults")[2]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:1] == "|"]
    assert all(len(row) == 4 and all(row) for row in rows)
    return ["test_" + re.sub(r"[^a-z]+", "_", row[0].lower()) for row in rows[2:]]


def faults_made() -> list[str]:
    files = [(ROOT / "tests" / "faults" / f"test_{name}.py").read_text() for name in FAULTS]
    return [name for text in files for name in re.findall(r"^async def (test_\w+)", text, re.MULTILINE)]


def test_the_table_of_faults_is_what_is_tested() -> None:
    assert sorted(faults_described()) == sorted(faults_made())
