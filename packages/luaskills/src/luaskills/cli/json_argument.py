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
    try:
        return json.loads(_content(text))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"json-args is not JSON: {error}") from None


def _content(text: str) -> str:
    if text == "-":
        return sys.stdin.read()
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text("utf-8")
    except OSError as error:
        raise UsageError(f"json-args can not be read from {text[1:]}: {error.strerror}") from None
