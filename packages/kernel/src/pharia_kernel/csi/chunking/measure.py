"""How long a text is, in tokens of a model or in characters.

Hot path: the splitter asks for the size of a few texts per chunk, and tokenizing them is nearly all of the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from pharia_kernel.csi.chunking.chunking import Unit

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_KEEPING = frozenset({"ByteLevel", "Digits", "Metaspace", "Punctuation", "Split"})
"""Steps before the vocabulary that drop nothing, unless they are told to remove what they split at, and put at most one
mark before a text."""


class Measure(Protocol):
    unit: Unit

    def size(self, text: str) -> int: ...

    def longest(self, text: str) -> int | None:
        """Most characters of ``text`` one unit stands for; None if it may be any number."""
        ...


class Characters:
    """Unicode scalar values."""

    unit: Unit = "characters"

    def size(self, text: str) -> int:
        return len(text)

    def longest(self, text: str) -> int | None:
        return 1


class Tokens:
    """Tokens of a text as it stands, without those a tokenizer adds at its ends."""

    unit: Unit = "tokens"

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._encode = tokenizer.encode_batch_fast  # of one: alone this one lets go of the interpreter
        self._cover = cover(tokenizer)

    def size(self, text: str) -> int:
        return len(self._encode((text,), add_special_tokens=False)[0])

    def longest(self, text: str) -> int | None:
        if self._cover is None:
            return None
        data = text.encode()
        return None if any(byte in data for byte in self._cover.unknown) else self._cover.longest


@dataclass(frozen=True, slots=True)
class Cover:
    """How tokens cover a text."""

    longest: int
    """Most characters in one token."""
    unknown: tuple[int, ...]
    """Bytes of UTF-8 that no token stands for, so that a text may lose them."""


def cover(tokenizer: Tokenizer) -> Cover | None:
    """None for a tokenizer whose tokens may leave out other parts of a text, or fold them."""
    spec = msgspec.json.decode(tokenizer.to_str())
    steps = [*_flat(spec["normalizer"], "normalizers"), *_flat(spec["pre_tokenizer"], "pretokenizers")]
    vocabulary = tokenizer.get_vocab()
    if (
        spec["model"].get("type") != "BPE"
        or not all(_keeps_length(step) for step in steps)
        or any(token["lstrip"] or token["rstrip"] for token in spec["added_tokens"])
    ):
        return None
    if any(step["type"] == "ByteLevel" for step in steps):
        unknown = [byte for byte, letter in _byte_letters() if letter not in vocabulary]
    elif spec["model"].get("byte_fallback"):
        unknown = [byte for byte in range(256) if f"<0x{byte:02X}>" not in vocabulary]
    else:
        return None
    return Cover(max(map(len, vocabulary), default=1), tuple(unknown))


def _flat(step: Any, members: str) -> list[Any]:
    if step is None:
        return []
    return [inner for one in step[members] for inner in _flat(one, members)] if members in step else [step]


def _keeps_length(step: Any) -> bool:
    if step["type"] == "Replace":
        return "String" in step["pattern"] and len(step["content"]) == len(step["pattern"]["String"])
    if step["type"] == "Prepend":
        return len(step["prepend"]) == 1
    return step["type"] in _KEEPING and step.get("behavior") != "Removed"


def _byte_letters() -> list[tuple[int, str]]:
    """Bytes that are printable in Latin-1 stand for themselves, the others are moved behind it; invented with GPT-2."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    moved = [byte for byte in range(256) if byte not in printable]
    return [(byte, chr(byte)) for byte in printable] + [(byte, chr(256 + at)) for at, byte in enumerate(moved)]
