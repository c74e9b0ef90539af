"""The tokenizer of the embedded model, from the real model's file."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from tokenizers import Tokenizer
from tokenizers.pre_tokenizers import ByteLevel

from doubles.gguf_file import gguf
from doubles.tokenizer import PROSE
from pharia_kernel.csi.chunking.embedded import EmbeddedTokenizer, tokenizer_of
from pharia_kernel.csi.chunking.gguf import NotGguf
from pharia_kernel.csi.chunking.measure import Tokens
from pharia_kernel.csi.chunking.splitting import split
from pharia_kernel.csi.inference.embedded import SMOLLM2_NAME, EmbeddedOptions
from pharia_kernel.csi.inference.embedded.model import model_file
from pharia_kernel.csi.inference.embedded.process import ModelProcess, model_process
from pharia_kernel.csi.types import ChunkRequest
from pharia_kernel.errors import NotConfigured
from pharia_kernel.types import Caller

_TEXTS = (
    PROSE,
    "I'll can't WE'VE naïve 12345 3.14 1,000,000",
    "def f(x):\n\treturn {'a': [1, 2]}   # comment\r\n\r\n\r\n",
    "日本語のテキスト Привет мир مرحبا 한국어",
    "<|im_start|>user\nhello<|im_end|>",
    "a\u00a0b\u2003c\u200bd  trailing   ",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def smollm2() -> Tokenizer:
    return await asyncio.to_thread(tokenizer_of, await model_file(EmbeddedOptions()))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def process() -> AsyncIterator[ModelProcess]:
    options = EmbeddedOptions(parallel=1, context=256)
    async with model_process(await model_file(options), options) as process:
        yield process


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("text", _TEXTS)
async def test_it_counts_as_the_model_itself(smollm2: Tokenizer, process: ModelProcess, text: str) -> None:
    headers = {"Authorization": f"Bearer {process.key}"}
    url = f"{process.url}/tokenize"
    async with aiohttp.ClientSession(headers=headers) as session, session.post(url, json={"content": text}) as response:
        expected = (await response.json())["tokens"]
    assert smollm2.encode(text, add_special_tokens=False).ids == expected


@pytest.mark.asyncio(loop_scope="module")
async def test_the_sentence_of_the_sdk_gives_thirteen_chunks(smollm2: Tokenizer) -> None:
    request = ChunkRequest("A very very very long text that can be chunked.", SMOLLM2_NAME, 1)
    assert len(split(request, Tokens(smollm2), threading.Event())) == 13


async def _ready() -> None:
    pass


@pytest.mark.parametrize(("any_model", "name", "has"), [(True, "x", True), (False, "x", False), (False, None, True)])
async def test_it_serves_the_names_the_model_answers_to(any_model: bool, name: str | None, has: bool) -> None:
    source = EmbeddedTokenizer(EmbeddedOptions(any_model=any_model), _ready)
    assert (await source.key(name or SMOLLM2_NAME) is not None) is has


def _vocabulary(pre: str = "gpt-2", **other: Any) -> bytes:
    tokens = [*sorted(ByteLevel.alphabet()), "th", "the", "12", "123", "34", "<end>"]
    values: dict[str, Any] = {
        "model": "gpt2",
        "pre": pre,
        "tokens": tokens,
        "token_type": [*[1] * (len(tokens) - 1), 3],
        "merges": ["t h", "th e", "1 2", "12 3", "3 4"],
    }
    return gguf({f"tokenizer.ggml.{name}": value for name, value in (values | other).items() if value is not None})


@pytest.mark.parametrize(
    ("pre", "digits"),
    [
        ("gpt-2", ["0", "123", "4"]),
        ("llama-bpe", ["0", "12", "34"]),
        ("qwen2", ["0", "1", "2", "3", "4"]),
        ("smollm", ["0", "1", "2", "3", "4"]),
    ],
)
def test_the_usual_ways_to_split_words_are_known(tmp_path: Path, pre: str, digits: list[str]) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(_vocabulary(pre))
    assert tokenizer_of(file).encode("the 01234<end>").tokens == ["the", "Ġ", *digits, "<end>"]


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"model": "llama"}, "kind 'llama'"),
        ({"pre": "unheard-of"}, "'unheard-of'"),
        ({"merges": None}, r"no tokenizer\.ggml\.merges"),
        ({"merges": ["x y z"]}, "not consistent"),
        ({"merges": ["not there"]}, "not consistent"),
    ],
)
def test_a_vocabulary_that_has_no_equal_says_why(tmp_path: Path, other: dict[str, Any], reason: str) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(_vocabulary(**other))
    with pytest.raises(NotGguf, match=reason):
        tokenizer_of(file)


async def test_a_model_without_a_usable_vocabulary_names_the_way_out(tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(_vocabulary("unheard-of"))
    build = await EmbeddedTokenizer(EmbeddedOptions(file=file), _ready).fetch("x", Caller())
    with pytest.raises(NotConfigured, match="CHUNKING__DIRECTORY"):
        build()
