"""Names of tools and of response formats, as backends take them: at most 64 of ``a-z A-Z 0-9 _ -``."""

from __future__ import annotations

import re

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_OTHERS = re.compile(r"[^a-zA-Z0-9_-]")


def is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def as_name(text: str) -> str | None:
    """What is left of the text without the characters names can not have; ``None`` for nothing."""
    return _OTHERS.sub("", text)[:64] or None
