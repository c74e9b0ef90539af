"""An installation killed at any moment leaves the old or the new runtime."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import luaskills
from luaskills.install_runtime import install_runtime_assets

SCRIPT = Path(__file__).parents[1] / "management" / "killed_at_every_change.py"


@pytest.mark.parametrize("fresh", [True, False], ids=["first", "second"])
def test_an_installation_is_done_or_not(site: Any, tmp_path: Path, fresh: bool) -> None:
    template, root = tmp_path / "before", tmp_path / "root"
    template.mkdir()
    listed = site.publish()
    if not fresh:
        install_runtime_assets(runtime_root=template, engine="native", base_url=site.url)
        site.replace(listed[1], {"lib/libluaskills.so": b"2", "include/luaskills.h": b"// 2", "lib/more.so": b"3"})
    request = {"runtime_root": str(root), "engine": "native", "base_url": site.url}
    task = {"root": str(root), "template": str(template), "operation": "install_runtime", "request": request}
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        input=json.dumps({**task, "again": 0}),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(luaskills.__file__).parents[1])},
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    states: list[dict[str, str]] = []
    for run in runs:
        files = {name: text for name, text in run["files"].items() if not name.endswith("runtime-manifest.json")}
        installed = {name for name in run["files"] if name.endswith("sdk-runtime-manifest.json")}
        state = {**files, **dict.fromkeys(installed, "installed")}
        assert [name for name in state if "/." in name] == []
        if state not in states:
            states.append(state)
    assert sum(run["killed"] for run in runs) > 40
    assert [state.get("libs/libluaskills.so") for state in states] == [
        None if fresh else "ELF engine",
        "ELF engine" if fresh else "2",
    ]
