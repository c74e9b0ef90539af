"""One run of ``componentize-py``, in a process of its own and with a deadline."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pharia_skill.builder.diagnosis import diagnose
from pharia_skill.errors import ComponentizeFailed

_RUN = "import sys; from componentize_py import script; sys.exit(script())"


@dataclass(frozen=True, slots=True)
class Compilation:
    module: str
    world: str
    folders: Sequence[Path]
    """Where the component's Python looks for modules, first match wins."""
    unstable: bool
    timeout: float
    """Seconds."""


def compile_component(compilation: Compilation, output: Path) -> None:
    """Write the component to ``output``; raises :class:`~pharia_skill.errors.BuildError`."""
    command = [sys.executable, "-c", _RUN, "--quiet"]
    if compilation.unstable:
        command.append("--all-features")
    command += ["-w", compilation.world, "componentize", compilation.module, "-o", str(output)]
    for folder in compilation.folders:
        command += ["-p", str(folder)]
    with tempfile.TemporaryDirectory(prefix="pharia-skill-") as nothing:
        # The compiler would add the packages of the environment it finds there, and of another one without it.
        environment = {**os.environ, "VIRTUAL_ENV": nothing, "RUST_BACKTRACE": "0"}
        try:
            done = subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=compilation.timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ComponentizeFailed(f"componentize-py did not finish within {compilation.timeout:g} s") from None
    if done.returncode != 0:
        raise diagnose(done.stderr.decode(errors="replace"), compilation.module)
