"""Lua packages as folders and archives."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

FRUIT = {"apple": "return function(args) return 'an apple for ' .. (args.name or 'nobody') end"}


def manifest(entries: Mapping[str, str], name: str = "Notes", version: str = "1.2.0", more: str = "") -> str:
    """Of entries in ``runtime/ENTRY.lua``; ``more`` are further lines."""
    lines = [f"name: {name}", f"version: {version}", "entries:"]
    for entry in entries:
        lines += [f"  - name: {entry}", f"    description: What {entry} does", f"    lua_entry: runtime/{entry}.lua"]
        lines += [f"    lua_module: {name.lower()}_{entry.replace('-', '_')}"]
    return "\n".join([*lines, more, ""])


def files_of(entries: Mapping[str, str], more: str = "", **changes: str) -> dict[str, str]:
    """Content by path; ``entries`` has the Lua text by name."""
    sources = {f"runtime/{entry}.lua": text for entry, text in entries.items()}
    return {"skill.yaml": manifest(entries, more=more, **changes), **sources}


def put_folder(directory: Path, package: str, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        file = directory / package / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return directory / package


def archive(package: str, files: Mapping[str, str | bytes]) -> bytes:
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path, text in files.items():
            zipped.writestr(zipfile.ZipInfo(f"{package}/{path}"), text)
    return result.getvalue()
