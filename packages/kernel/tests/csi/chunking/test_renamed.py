"""Tokenizers under other names."""

from __future__ import annotations

from pathlib import Path

import pytest

from doubles.tokenizer import byte_level
from pharia_kernel.csi.chunking.renamed import RenamedTokenizers
from pharia_kernel.csi.chunking.sources import TokenizerFiles
from pharia_kernel.errors import ModelNotFound
from pharia_kernel.types import Caller


async def test_a_model_is_asked_for_under_its_other_name(tmp_path: Path) -> None:
    (tmp_path / "there.json").write_text(byte_level().to_str())
    names = {"here": "there", "nowhere": "missing"}
    async with RenamedTokenizers(TokenizerFiles(tmp_path), names.get) as source:
        assert (await source.fetch("here", Caller()))().get_vocab_size() == byte_level().get_vocab_size()
        assert await source.key("here") == await TokenizerFiles(tmp_path).key("there")
        assert await source.key("nowhere") is None
        assert await source.key("there") is None
        with pytest.raises(ModelNotFound):
            await source.fetch("there", Caller())
