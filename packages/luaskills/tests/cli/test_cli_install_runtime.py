"""``install-runtime`` passes its line on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
pytestmark = pytest.mark.timeout(60)


def test_a_dry_run_prints_the_manifest_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    """Row 171."""
    manifest = run("install-runtime", "--dry-run", "--database", "vldb-direct", "--runtime-root", "there").json
    assert manifest["database_mode"] == "vldb-direct"
    assert manifest["runtime_root"] == (tmp_path / "there").as_posix()
    assert all(asset["download_url"].endswith(asset["asset_name"]) for asset in manifest["assets"])
    assert len(manifest["assets"]) >= 2
    assert list(tmp_path.iterdir()) == []


def test_its_options_are_its_own(run: Run) -> None:
    refused = run("install-runtime", "--database", "oracle")
    assert (refused.status, refused.out) == (2, "")
    assert "oracle" in refused.err
