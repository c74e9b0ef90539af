from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from components import wat

from .kernel import MISTAKES

_PROGRAM = Path(__file__).with_name("kernel.py")
_PATIENCE = 120
"""Seconds for the end of the kernel."""


@dataclass(frozen=True, slots=True)
class Served:
    url: str
    folder: Path

    @property
    def mistakes(self) -> list[str]:
        """What the kernel wrote to its log about faults of its own."""
        return (self.folder / MISTAKES).read_text().splitlines()


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """In a process of its own: it may crash, and shares no random numbers with those who make up requests."""
    folder = tmp_path_factory.mktemp("fuzzing")
    shared = str(Path(wat.__file__).parents[1])
    command = [sys.executable, str(_PROGRAM), str(folder)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([shared, os.environ.get("PYTHONPATH", "")])}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Served(process.stdout.readline().strip(), folder)
        finally:
            process.stdin.close()
            assert process.wait(_PATIENCE) == 0
