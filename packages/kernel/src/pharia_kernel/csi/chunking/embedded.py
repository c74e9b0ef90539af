"""The tokenizer of the embedded model, from the model's own file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pharia_kernel.csi.chunking.gguf import NotGguf, metadata
from pharia_kernel.csi.chunking.sources import Build
from pharia_kernel.csi.inference.embedded import EmbeddedOptions
from pharia_kernel.csi.inference.embedded.model import model_file
from pharia_kernel.errors import NotConfigured
from pharia_kernel.types import Caller

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from tokenizers.pre_tokenizers import PreTokenizer

_PREFIX = "tokenizer.ggml."
_KEYS = {_PREFIX + name: name for name in ("model", "pre", "tokens", "token_type", "merges")}
_CONTROL, _USER_DEFINED = 3, 4
_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,%s}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How the tokenizers that follow GPT-4's split a text; they differ in the longest run of digits."""
_IGNORES_MERGES = frozenset({"llama-bpe", "llama3", "llama-v3"})
_LONGEST_DIGITS = {**dict.fromkeys(_IGNORES_MERGES, "3"), "qwen2": "1"}


class EmbeddedTokenizer:
    """A :class:`~pharia_kernel.csi.chunking.sources.TokenizerSource` for every name the embedded model answers to."""

    def __init__(self, options: EmbeddedOptions, ready: Callable[[], Awaitable[None]]) -> None:
        """``ready`` waits until the model, so also its file, is there."""
        self._options = options
        self._ready = ready

    async def __aenter__(self) -> EmbeddedTokenizer:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def key(self, model: str) -> str | None:
        return "embedded" if self._options.any_model or model == self._options.name else None

    async def fetch(self, model: str, caller: Caller) -> Build:
        await self._ready()
        file = await model_file(self._options)
        return lambda: _built(file, self._options.name)


def _built(file: Path, name: str) -> Tokenizer:
    try:
        return tokenizer_of(file)
    except NotGguf as reason:
        raise NotConfigured(
            f"the tokenizer of the embedded model {name} can not be taken from {file}: {reason} (put its "
            "tokenizer.json into the directory of CHUNKING__DIRECTORY)"
        ) from None


def tokenizer_of(file: Path) -> Tokenizer:
    """Blocks. Raises :class:`NotGguf` also for a vocabulary of another kind than byte-level pairs."""
    from tokenizers import AddedToken, Tokenizer, models

    found = {_KEYS[key]: value for key, value in metadata(file, _KEYS).items()}
    if missing := [name for name in _KEYS.values() if name not in found]:
        raise NotGguf(f"it has no {_PREFIX}{missing[0]}")
    if found["model"] != "gpt2":
        raise NotGguf(f"a vocabulary of the kind {found['model']!r} has no equal here")
    tokens, kinds = found["tokens"], found["token_type"]
    merges = [tuple(pair.split(" ")) for pair in found["merges"]]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    try:
        model = models.BPE(vocabulary, merges, ignore_merges=found["pre"] in _IGNORES_MERGES)
    except Exception as error:  # the library raises nothing narrower
        raise NotGguf(f"its vocabulary is not consistent: {error}") from None
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = _pre_tokenizer(found["pre"])
    whole = [token for token, kind in zip(tokens, kinds, strict=False) if kind in (_CONTROL, _USER_DEFINED)]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in whole])
    return tokenizer


def _pre_tokenizer(name: str) -> PreTokenizer:
    from tokenizers import Regex
    from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence, Split

    if name in ("gpt-2", "gpt2"):
        return ByteLevel(add_prefix_space=False)
    if name in ("smollm", "starcoder", "refact", "command-r"):
        return Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False)])
    if name in _LONGEST_DIGITS:
        words = Split(Regex(_WORDS % _LONGEST_DIGITS[name]), "isolated")
        return Sequence([words, ByteLevel(add_prefix_space=False, use_regex=False)])
    raise NotGguf(f"text is split in the way {name!r}, which has no equal here")
