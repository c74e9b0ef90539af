"""The file that holds what a skill asked of its host and what it got: made to be read and committed."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from luaskills.errors import EngineError
from luaskills.testing.host import HostCall
from luaskills.testing.lined_yaml import YamlProblem, read_lined
from luaskills.types import Json

FORMAT = "luaskills-recording/1"
_SECRET = re.compile(r"token|password|passwd|secret|api[_-]?key|authorization|credential", re.IGNORECASE)
_HIDDEN = "***"


class RecordingProblem(EngineError):
    """There is no recording, or the file is none."""

    code = "recording"


class _Dumper(yaml.SafeDumper):
    """Without anchors, and with texts of several lines as such."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    block = "\n" in text and not any(line != line.rstrip() for line in text.split("\n"))
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if block else None)


_Dumper.add_representer(str, _text)


def hidden(value: Json) -> Json:
    """The value with ``***`` for members that are named like secrets."""
    if isinstance(value, Mapping):
        return {key: _HIDDEN if _SECRET.search(str(key)) and one else hidden(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [hidden(one) for one in value]
    return value


def write_recording(path: Path, calls: Sequence[HostCall]) -> None:
    """The old file stays until the new one is whole."""
    content = {"format": FORMAT, "calls": [hidden(call.to_json()) for call in calls]}
    text = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    path.parent.mkdir(parents=True, exist_ok=True)
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


def read_recording(path: Path) -> list[HostCall]:
    """Raises :class:`RecordingProblem`."""
    if not path.is_file():
        raise RecordingProblem(f"nothing is recorded in {path} (luaskills test --record --host … records it)")
    try:
        content = read_lined(path).value
    except YamlProblem as error:
        raise RecordingProblem(f"{path}:{error.line}: {error}") from None
    calls = content.get("calls") if isinstance(content, dict) and content.get("format") == FORMAT else None
    if not isinstance(calls, list) or not all(isinstance(call, dict) and "to" in call for call in calls):
        raise RecordingProblem(f"{path} is no recording of format {FORMAT}")
    return [
        HostCall(
            str(call["to"]),
            call.get("request"),
            call.get("answer"),
            None if call.get("error") is None else str(call["error"]),
        )
        for call in calls
    ]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
