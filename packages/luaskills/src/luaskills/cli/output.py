"""What commands print."""

from __future__ import annotations

import json
import sys

from luaskills.types import Json


def print_json(value: Json) -> int:
    """JSON as people read it, on standard output; gives exit status 0."""
    print(json.dumps(value, indent=2, ensure_ascii=False))
    return 0


def complain(text: str) -> None:
    """One error on standard error."""
    print(f"error: {text}", file=sys.stderr)


def counted(number: int, word: str) -> str:
    """``1 case``, ``2 cases``."""
    return f"{number} {word}{'' if number == 1 else 's'}"
