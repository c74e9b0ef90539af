"""The command that installs a runtime."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import luaskills
from luaskills.install_runtime import main


def test_a_dry_run_prints_exact_urls_and_writes_nothing(
    site: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # row 171
    root = tmp_path / "root"
    assert main(["--dry-run", "--database", "vldb-direct", "--runtime-root", str(root)]) == 0
    manifest = json.loads(capsys.readouterr().out)
    assert [asset["role"] for asset in manifest["assets"]] == [
        "lua_runtime",
        "luaskills_ffi",
        "vldb_sqlite_lib",
        "vldb_lancedb_lib",
    ]
    assert all(asset["download_url"].startswith("https://github.com/") for asset in manifest["assets"])
    assert not root.exists()
    assert site.asked == []


def test_it_prints_the_manifest_it_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--runtime-root", str(tmp_path / "räume")]) == 0
    out = capsys.readouterr().out
    assert "räume" in out
    written = tmp_path / "räume" / "resources" / "luaskills-sdk-runtime-manifest.json"
    assert written.read_text("utf-8") == out


def test_without_a_root_it_takes_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([]) == 0
    assert (tmp_path / "luaskills-runtime" / "resources").is_dir()


def test_every_option_reaches_the_manifest(capsys: pytest.CaptureFixture[str], site: Any) -> None:
    options = {
        "--luaskills-version": "v1",
        "--lua-runtime-version": "v2",
        "--vldb-sqlite-version": "v4",
        "--vldb-lancedb-version": "v5",
        "--luaskills-repo": "a/b",
        "--lua-runtime-repo": "c/d",
        "--vldb-sqlite-repo": "g/h",
        "--vldb-lancedb-repo": "i/j",
    }
    arguments = [word for pair in options.items() for word in pair]
    assert main(["--dry-run", "--database", "vldb-direct", *arguments]) == 0
    manifest = json.loads(capsys.readouterr().out)
    chosen = [(asset["repository"], asset["version"]) for asset in manifest["assets"]]
    assert chosen == [("c/d", "v2"), ("a/b", "v1"), ("g/h", "v4"), ("i/j", "v5")]
    more = ["--vldb-controller-version", "v3", "--vldb-controller-repo", "e/f", "--skip-lua-runtime"]
    assert main(["--dry-run", "--database", "vldb-controller", "--skip-luaskills-ffi", *more]) == 0
    (asset,) = json.loads(capsys.readouterr().out)["assets"]
    assert (asset["repository"], asset["version"]) == ("e/f", "v3")


def test_the_site_may_come_from_the_environment(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site.publish()
    monkeypatch.setenv("LUASKILLS_DOWNLOAD_BASE_URL", site.url)
    assert main(["--engine", "native", "--runtime-root", str(tmp_path)]) == 0
    assert (tmp_path / "libs" / "libluaskills.so").is_file()
    assert site.url in capsys.readouterr().out


def test_a_failure_is_one_line_and_status_1(site: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--engine", "native", "--runtime-root", str(tmp_path), "--base-url", site.url]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"error: {site.url}/LuaSkills/luaskills/releases/download/v0.3.0/")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--database", "oracle"], ["--unknown"], ["--base-url"]])
def test_wrong_usage_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
    assert "usage: luaskills install-runtime" in capsys.readouterr().err


def test_it_runs_as_a_module(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "luaskills.install_runtime", "--dry-run"],
        env={"PYTHONPATH": str(Path(luaskills.__file__).parents[1])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(done.stdout)["database_mode"] == "none"
    assert list(tmp_path.iterdir()) == []
