"""The payload of kind ``change_set``: files an entry proposes to change, or changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from luaskills.errors import ResultInvalid
from luaskills.types import Json

_LARGEST_LINES = 500
_SHOWN_LINES = 50


def checked_change_set(name: str, payload: Json, check_size: Callable[[Json], None]) -> Json:
    """The normalised payload; raises ResultInvalid. The size is checked before the shape."""
    place = f"Lua skill '{name}' change_set"
    if not isinstance(payload, dict):
        raise ResultInvalid(f"{place} must be an object")
    files = payload.get("files")
    if isinstance(files, list):
        payload = {**payload, "files": [_shortened(f"{place}.files[{i}]", file) for i, file in enumerate(files)]}
    check_size(payload)
    if payload.get("mode") not in ("preview", "applied"):
        raise ResultInvalid(f"{place}.mode must be 'preview' or 'applied'")
    _optional_text(place, payload, "summary")
    if not isinstance(files, list):
        raise ResultInvalid(f"{place}.files must be an array")
    for i, file in enumerate(payload["files"]):
        _check_file(f"{place}.files[{i}]", file)
    _check_diagnostics(place, payload.get("diagnostics"))
    return payload


def _shortened(place: str, file: Json) -> Json:
    """A delete record with its line count, and only head and tail of a long content."""
    if not isinstance(file, dict) or file.get("change") != "delete" or not isinstance(file.get("content"), str):
        return file
    lines = _text_lines(file["content"])
    file = {**file, "content_mode": file.get("content_mode", "full"), "total_line_count": len(lines)}
    if file["content_mode"] not in ("full", "truncated"):
        raise ResultInvalid(f"{place}.content_mode must be 'full' or 'truncated'")
    if file["content_mode"] == "truncated" or len(lines) > _LARGEST_LINES:
        del file["content"]
        file["content_mode"] = "truncated"
        file["content_head"] = "\n".join(lines[:_SHOWN_LINES])
        file["content_tail"] = "\n".join(lines[_SHOWN_LINES:][-_SHOWN_LINES:])
    return file


def _text_lines(content: str) -> list[str]:
    """Only LF and CRLF end a line: a form feed or a separator of Unicode is part of one."""
    lines = [line.removesuffix("\r") for line in content.split("\n")]
    return lines if lines[-1] else lines[:-1]


def _check_file(place: str, file: Json) -> None:
    if not isinstance(file, dict):
        raise ResultInvalid(f"{place} must be an object")
    check = _CHECKS.get(str(file.get("change")))
    if check is None:
        raise ResultInvalid(f"{place}.change is unsupported")
    check(place, file)
    _optional_text(place, file, "patch")


def _modify(place: str, file: dict[str, Any]) -> None:
    _path(place, file, "path")
    hunks = file.get("hunks")
    if not isinstance(hunks, list) or not hunks:
        raise ResultInvalid(f"{place}.hunks must be present as one non-empty array for modify changes")
    for i, hunk in enumerate(hunks):
        _hunk(f"{place}.hunks[{i}]", hunk)


def _hunk(place: str, hunk: Json) -> None:
    if not isinstance(hunk, dict):
        raise ResultInvalid(f"{place} must be an object")
    for key in ("before", "after"):
        _text(place, hunk, key)
    total = sum(_lines(f"{place}.{key}", hunk.get(key, [])) for key in ("delete", "insert"))
    if total == 0:
        raise ResultInvalid(f"{place} must be present with at least one delete or insert line")


def _lines(place: str, lines: Json) -> int:
    if not isinstance(lines, list):
        raise ResultInvalid(f"{place} must be an array")
    last = 0
    for i, line in enumerate(lines):
        number = line.get("line") if isinstance(line, dict) else None
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise ResultInvalid(f"{place}[{i}].line must be one positive integer")
        if number <= last:
            raise ResultInvalid(f"{place}[{i}].line must be strictly increasing")
        last = number
        _text(f"{place}[{i}]", line, "content")
    return len(lines)


def _create(place: str, file: dict[str, Any]) -> None:
    _path(place, file, "path")
    _text(place, file, "content")


def _delete(place: str, file: dict[str, Any]) -> None:
    _path(place, file, "path")
    mode = file.get("content_mode", "full")
    if mode not in ("full", "truncated"):
        raise ResultInvalid(f"{place}.content_mode must be 'full' or 'truncated'")
    if mode == "truncated":
        count = file.get("total_line_count")
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise ResultInvalid(f"{place}.total_line_count must be one non-negative integer")
        for key in ("content_head", "content_tail"):
            _text(place, file, key)


def _rename(place: str, file: dict[str, Any]) -> None:
    _path(place, file, "old_path")
    _path(place, file, "new_path")


_CHECKS: dict[str, Callable[[str, dict[str, Any]], None]] = {
    "modify": _modify,
    "create": _create,
    "delete": _delete,
    "rename": _rename,
}


def _path(place: str, file: dict[str, Any], key: str) -> None:
    value = file.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ResultInvalid(f"{place}.{key} must be one non-empty string")
    if not os.path.isabs(value):
        raise ResultInvalid(f"{place}.{key} must be absolute")


def _text(place: str, record: dict[str, Any], key: str) -> None:
    if not isinstance(record.get(key), str):
        raise ResultInvalid(f"{place}.{key} must be a string")


def _optional_text(place: str, record: dict[str, Any], key: str) -> None:
    if record.get(key) is not None:
        _text(place, record, key)


def _check_diagnostics(place: str, diagnostics: Json) -> None:
    if diagnostics is None:
        return
    if not isinstance(diagnostics, list):
        raise ResultInvalid(f"{place}.diagnostics must be an array")
    for i, item in enumerate(diagnostics):
        if not isinstance(item, dict):
            raise ResultInvalid(f"{place}.diagnostics[{i}] must be an object")
        _text(f"{place}.diagnostics[{i}]", item, "level")
        _text(f"{place}.diagnostics[{i}]", item, "message")
