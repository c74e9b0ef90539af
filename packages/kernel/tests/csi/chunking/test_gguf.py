from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from doubles.gguf_file import gguf
from pharia_kernel.csi.chunking.gguf import NotGguf, metadata

_VALUES: dict[str, Any] = {
    "text": "für",
    "small": 7,
    "ratio": 0.5,
    "yes": True,
    "words": ["a", "b c", ""],
    "numbers": [1, 2, 3],
    "none": [],
}


def test_the_values_that_are_asked_for_come_back(tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(gguf(_VALUES) + b"tensors")
    assert metadata(file, _VALUES.keys()) == _VALUES
    assert metadata(file, ["small", "missing"]) == {"small": 7}


def test_a_file_that_ends_anywhere_is_refused(tmp_path: Path) -> None:
    whole = gguf(_VALUES)
    file = tmp_path / "m.gguf"
    for size in range(len(whole)):
        file.write_bytes(whole[:size])
        with pytest.raises(NotGguf):
            metadata(file, _VALUES.keys())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"not a model", "version 2 or 3"),
        (b"GGUF" + struct.pack("<I", 1), "version 2 or 3"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 2**60), "parts"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**60), "parts"),
        (b"GGUF" + struct.pack("<IQQQ1sI", 3, 0, 1, 1, b"k", 99), "kind 99"),
        (b"GGUF" + struct.pack("<IQQQ1sIIQ", 3, 0, 1, 1, b"k", 9, 4, 2**60), "parts"),
    ],
)
def test_nonsense_is_refused_without_being_believed(tmp_path: Path, data: bytes, reason: str) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(data)
    with pytest.raises(NotGguf, match=reason):
        metadata(file, ["k"])


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotGguf, match="No such file"):
        metadata(tmp_path / "m.gguf", [])
