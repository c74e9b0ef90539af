"""``python -m bench.dev_loop``: from saving an edit of the prompt to the first answer over HTTP that shows it."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.report import Line, at_most, median_ms, show

EDITS = 20
_SKILL = '''
from pydantic import BaseModel

from pharia_skill import Csi, skill

PROMPT = "{prompt}"


class Input(BaseModel):
    topic: str


@skill
def poem(csi: Csi, input: Input) -> str:
    """A prompt, without a model: its time would be counted as well."""
    return PROMPT + input.topic
'''
_BODY = json.dumps({"topic": "oat milk"}).encode()
_HEADERS = {"Content-Type": "application/json"}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "poem.py")
        source.write_text(_SKILL.format(prompt="edit 0, "))
        began = time.perf_counter()
        with _developing(source) as port:
            ready = time.perf_counter() - began
            seconds = [_edit(source, port, number) for number in range(1, EDITS + 1)]
    show(
        "pharia-skill dev: an edit shows in the next answer of the kernel",
        [
            Line("from the command to the first call that is answered", ready, "s"),
            Line(f"from saving to the answer, median of {EDITS}", median_ms(seconds), "ms"),
            at_most("the slowest of them", max(seconds), "s", 1.0),
        ],
    )


def _edit(source: Path, port: int, number: int) -> float:
    expected = json.dumps(f"edit {number}, oat milk").encode()
    source.write_text(_SKILL.format(prompt=f"edit {number}, "))
    saved = time.perf_counter()
    while _call(port) != expected:
        pass
    return time.perf_counter() - saved


def _call(port: int) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/v1/skills/dev/poem/run", _BODY, _HEADERS)
        return connection.getresponse().read()
    finally:
        connection.close()


@contextmanager
def _developing(source: Path) -> Iterator[int]:
    """The port of a kernel that serves the source."""
    command = [str(Path(sys.executable).with_name("pharia-skill")), "dev", source.name, "--port", "0"]
    environment = {**os.environ, "INFERENCE": "none", "LOG_LEVEL": "error"}
    with subprocess.Popen(command, cwd=source.parent, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if match := re.match(r"curl .*http://127\.0\.0\.1:(\d+)/", line):
                    yield int(match[1])
                    break
            else:
                raise RuntimeError("pharia-skill dev ended early")
        finally:
            process.terminate()
            process.stdout.read()


if __name__ == "__main__":
    main()
