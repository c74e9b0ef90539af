"""JSON typed on a command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from luaskills.cli.global_options import UsageError
from luaskills.types import Json


def read_json(text: str | None) -> Json:
    """``-`` reads standard input, ``@FILE`` a file; nothing is an empty object. Raises :class:`UsageError`."""
    if text is None:
        return {}
    content = _content(text)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"json-args is not JSON: {error}") from None


def _content(text: str) -> str:
    if text != "-" and not text.startswith("@"):
        return text
    place = "standard input" if text == "-" else text[1:]
    try:
        content = sys.stdin.buffer.read() if text == "-" else Path(place).read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"json-args can not be read from {place}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"json-args from {place} is not UTF-8: {error}") from None
