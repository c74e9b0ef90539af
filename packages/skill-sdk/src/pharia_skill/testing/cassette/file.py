"""The file that holds recorded calls."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pharia_skill.errors import KernelError, RecordingUnreadable
from pharia_skill.testing.cassette.layout import pretty

FORMAT = "pharia-skill-csi/1"


def write(path: Path, calls: Sequence[dict[str, Any]]) -> None:
    """The old file stays until the new one is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = pretty({"format": FORMAT, "calls": list(calls)}) + "\n"
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    part = Path(name)
    try:
        with open(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        part.chmod(0o666 & ~_umask())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def read(path: Path) -> list[dict[str, Any]]:
    """Raises :class:`~pharia_skill.errors.RecordingUnreadable`."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecordingUnreadable(f"no calls are recorded in {path} (record them: pytest --csi-record)") from None
    except (OSError, ValueError) as error:
        raise RecordingUnreadable(f"{path} can not be read: {error} (record it again: pytest --csi-record)") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT or not isinstance(content.get("calls"), list):
        raise RecordingUnreadable(f"{path} is no recording of format {FORMAT} (record it again: pytest --csi-record)")
    return list(content["calls"])


def failure(error: Exception) -> dict[str, str]:
    return {"code": getattr(error, "code", type(error).__name__), "text": str(error)}


def raised(recorded: dict[str, str]) -> KernelError:
    """The error of the tree with this code; a :class:`~pharia_skill.errors.KernelError` where there is none."""
    kinds = {kind.code: kind for kind in KernelError.__subclasses__()}
    return kinds.get(recorded["code"], KernelError)(recorded["text"])


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
