"""What type checkers make of the SDK: nothing to say about right code, everything about wrong."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "typing"
SECONDS = 100

Errors = dict[str, dict[int, str]]


@pytest.fixture(scope="module", params=["mypy", "pyright"])
def errors(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Errors:
    """What a checker says about all files at once: by file and line."""
    scratch = tmp_path_factory.mktemp("types")
    if request.param == "mypy":
        assert request.config.cache is not None
        cache = request.config.cache.mkdir("pharia-skill-mypy")
        command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cache), str(FOLDER)]
    else:
        config = {"typeCheckingMode": "strict", "include": [str(FOLDER)]}
        (scratch / "pyrightconfig.json").write_text(json.dumps(config))
        script = str(Path(sys.executable).with_name("basedpyright"))
        command = [script, "--pythonpath", sys.executable, "--level", "error", "-p", str(scratch)]
    said = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=SECONDS).stdout
    found: Errors = {}
    for file, line, text in re.findall(r"(\w+\.py):(\d+):(.*error: .*)", said):
        found.setdefault(file, {})[int(line)] = text
    return found


@pytest.mark.parametrize("file", ["user_skills.py", "user_tests.py"])
def test_right_code_is_clean(errors: Errors, file: str) -> None:
    assert (FOLDER / file).is_file()
    assert errors.get(file) is None


def test_every_mistake_is_found_and_nothing_else(errors: Errors) -> None:
    lines = enumerate((FOLDER / "user_mistakes.py").read_text().splitlines(), 1)
    assert set(errors["user_mistakes.py"]) == {number for number, line in lines if line.endswith("# mistake")}
