"""The input of a skill, as people give it to a command."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pharia_skill.errors import InputUnreadable


def read_input(text: str) -> bytes:
    """JSON as it stands, of standard input for ``-``, of a file for ``@file``.

    Raises :class:`~pharia_skill.errors.InputUnreadable`.
    """
    try:
        if text == "-":
            data = sys.stdin.buffer.read()
        elif text.startswith("@"):
            data = Path(text[1:]).read_bytes()
        else:
            data = text.encode("utf-8", "surrogateescape")
    except OSError as error:
        raise InputUnreadable(f"the input {text} can not be read: {error.strerror or error}") from None
    try:
        json.loads(data)
    except (ValueError, RecursionError) as error:
        shown = data[:60].decode(errors="replace")
        raise InputUnreadable(f"the input is not JSON: {error}: {shown!r} (a text needs double quotes)") from None
    return data
