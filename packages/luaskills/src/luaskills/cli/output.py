"""What commands print."""

from __future__ import annotations

import json
import sys

from luaskills.types import Json


def print_json(value: Json) -> int:
    """JSON as people read it, on standard output, escaped as far as its encoding lacks letters; gives exit status 0."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=2)
    print(text)
    return 0


def complain(text: str) -> None:
    """One error on standard error."""
    print(f"error: {text}", file=sys.stderr)


def counted(number: int, word: str) -> str:
    """``1 case``, ``2 cases``."""
    return f"{number} {word}{'' if number == 1 else 's'}"
