"""How texts become search words: `none` splits at what is no letter or digit, `jieba` segments Chinese."""

from __future__ import annotations

import importlib
import logging
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from luaskills.errors import HostFunctionError

MODES = ("none", "jieba")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class CustomWord:
    """A word of the skill's own dictionary."""

    word: str
    weight: int


def normalized(text: str) -> str:
    """Compatibility forms folded, lower case, single blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


class Tokenizer:
    """The tokenizer of one database; its dictionary is loaded on the first use of `jieba` and after `forget`."""

    def __init__(self, directory: str) -> None:
        """`directory` takes the compiled dictionary of `jieba`; nobody else may write there."""
        self._directory = directory
        self._segmenter: Any = None

    def forget(self) -> None:
        """The custom words have changed."""
        self._segmenter = None

    def tokens(
        self, text: str, mode: str, words: Callable[[], Iterable[CustomWord]], *, search: bool = False
    ) -> list[str]:
        """The search words of a text, in order; `search` adds the short words inside long ones (`jieba` only).

        Raises `HostFunctionError` for an unknown mode, and for `jieba` when that package is not installed.
        """
        plain = normalized(text)
        if checked_mode(mode) == "none":
            return _WORD.findall(plain)
        if self._segmenter is None:
            self._segmenter = _segmenter(words(), self._directory)
        pieces = self._segmenter.cut_for_search(plain) if search else self._segmenter.cut(plain)
        return [piece for piece in pieces if _WORD.search(piece)]


def checked_mode(mode: str) -> str:
    """The mode again, when it is known."""
    if mode not in MODES:
        raise HostFunctionError(f"tokenizer_mode must be one of: {', '.join(MODES)}")
    return mode


def match_query(found: Iterable[str]) -> str:
    """An FTS5 query for all of the words; empty without any."""
    return " AND ".join('"' + token.replace('"', '""') + '"' for token in dict.fromkeys(found))


def _segmenter(words: Iterable[CustomWord], directory: str) -> Any:
    try:
        module = importlib.import_module("jieba")
    except ImportError:
        raise HostFunctionError(
            "tokenizer_mode `jieba` needs the package jieba (pip install 'luaskills-sdk[jieba]')"
        ) from None
    logging.getLogger("jieba").setLevel(logging.WARNING)
    segmenter = module.Tokenizer()
    segmenter.tmp_dir = directory
    for entry in words:
        segmenter.add_word(entry.word, entry.weight)
    return segmenter
