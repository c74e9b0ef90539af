"""One run of ``componentize-py``, in a process of its own and with a deadline."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
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
    """Where the component's Python looks for modules, first match wins; the environment's packages come after them."""
    unstable: bool
    timeout: float
    """Seconds."""


def compile_component(compilation: Compilation, output: Path) -> None:
    """Write the component to ``output``; raises :class:`~pharia_skill.errors.BuildError`."""
    folders = [*compilation.folders, Path(sysconfig.get_paths()["purelib"])]
    command = [sys.executable, "-c", _RUN, "--quiet"]
    if compilation.unstable:
        command.append("--all-features")
    command += ["-w", compilation.world, "componentize", compilation.module, "-o", str(output)]
    for folder in folders:
        command += ["-p", str(folder)]
    # Without it the compiler would look for an environment by itself, and might find another one.
    environment = {**os.environ, "VIRTUAL_ENV": sys.prefix, "RUST_BACKTRACE": "0"}
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
        raise ComponentizeFailed(
            f"componentize-py did not finish {compilation.module} within {compilation.timeout:g} s; does the module "
            "wait for something when it is imported?"
        ) from None
    if done.returncode != 0:
        raise diagnose(done.stderr.decode(errors="replace"), compilation.module, folders)
