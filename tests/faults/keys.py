"""API keys, made as operators make them."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path


async def new_key(file: Path, *options: str) -> tuple[int | None, str, str]:
    """Exit status, the key, and what was said."""
    command = [sys.executable, "-m", "pharia_kernel", "keys", "new", "ci", "-n", "*", "--file", str(file), *options]
    environ = {"PATH": os.environ["PATH"], "HOME": str(file.parent)}
    process = await asyncio.create_subprocess_exec(*command, cwd=file.parent, env=environ, stdout=PIPE, stderr=PIPE)
    out, err = await process.communicate()
    return process.returncode, out.decode().strip(), err.decode()
