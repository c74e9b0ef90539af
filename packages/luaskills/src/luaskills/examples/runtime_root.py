"""Where the examples work."""

from __future__ import annotations

import os
from pathlib import Path


def runtime_root() -> Path:
    """The directory ``LUASKILLS_RUNTIME_ROOT`` names, or ``luaskills-runtime`` in the working directory."""
    return Path(os.environ.get("LUASKILLS_RUNTIME_ROOT") or "luaskills-runtime").resolve()
