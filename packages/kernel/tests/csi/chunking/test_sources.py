from __future__ import annotations

from pathlib import Path

import pytest

from doubles.tokenizer import byte_level, prefixed
from pharia_kernel.csi.chunking.sources import TokenizerFiles
from pharia_kernel.errors import NotConfigured
from pharia_kernel.types import Caller


@pytest.mark.parametrize("place", ["org/model-1.json", "org/model-1/tokenizer.json"])
async def test_a_tokenizer_is_found_by_the_name_of_its_model(tmp_path: Path, place: str) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True)
    byte_level().save(str(file))
    files = TokenizerFiles(tmp_path)
    assert await files.key("org/model-1") is not None
    build = await files.fetch("org/model-1", Caller())
    assert build().get_vocab_size() == byte_level().get_vocab_size()


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../secret", "a/../../secret", "/etc/secret", "a//b", "a\0b", "a" * 5000, "missing"]
)
async def test_names_do_not_lead_out_of_the_directory(tmp_path: Path, name: str) -> None:
    byte_level().save(str(tmp_path / "secret.json"))
    inner = tmp_path / "inner"
    (inner / "a").mkdir(parents=True)
    assert await TokenizerFiles(inner).key(name) is None


async def test_a_changed_file_is_another_tokenizer(tmp_path: Path) -> None:
    files = TokenizerFiles(tmp_path)
    byte_level().save(str(tmp_path / "m.json"))
    before = await files.key("m")
    prefixed().save(str(tmp_path / "m.json"))
    assert await files.key("m") != before


async def test_a_file_that_is_no_tokenizer_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text('{"version": "1.0"}')
    build = await TokenizerFiles(tmp_path).fetch("m", Caller())
    with pytest.raises(NotConfigured, match=r"model 'm' can not be read from .*m\.json"):
        build()


async def test_a_file_that_was_just_removed_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NotConfigured, match="removed"):
        await TokenizerFiles(tmp_path).fetch("m", Caller())
