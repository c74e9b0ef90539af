"""Files out of zip archives."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from pharia_assets.archive import extract, sha256_of
from pharia_assets.errors import AssetCorrupt


def archive(tmp_path: Path, **members: str) -> Path:
    path = tmp_path / "some.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in members.items():
            wheel.writestr(name, text)
    return path


def test_one_file_is_taken(tmp_path: Path) -> None:
    extract(archive(tmp_path, **{"a/b.txt": "b", "c.txt": "c"}), "a/b.txt", tmp_path / "out")
    assert (tmp_path / "out").read_text() == "b"


def test_a_folder_is_taken_with_everything_below(tmp_path: Path) -> None:
    extract(archive(tmp_path, **{"a/b.txt": "b", "a/c/d.txt": "d", "e.txt": "e"}), "a/", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").rglob("*.txt")) == ["b.txt", "d.txt"]
    assert (tmp_path / "out" / "c" / "d.txt").read_text() == "d"


@pytest.mark.parametrize("name", ["a/../../evil", "../evil", "/evil", "a\\..\\evil", "C:evil"])
def test_files_outside_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(AssetCorrupt, match="names a file outside itself"):
        extract(archive(tmp_path, **{name: "x"}), "", tmp_path / "out" / "deep")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["some.whl"]


def test_a_folder_may_not_lead_outside_either(tmp_path: Path) -> None:
    with pytest.raises(AssetCorrupt, match="names a file outside itself"):
        extract(archive(tmp_path, **{"a//evil": "x"}), "a/", tmp_path / "out")


@pytest.mark.parametrize("member", ["missing.txt", "missing/"])
def test_a_missing_member_is_named(member: str, tmp_path: Path) -> None:
    with pytest.raises(AssetCorrupt, match=f"`{member}`"):
        extract(archive(tmp_path, **{"a.txt": "a"}), member, tmp_path / "out")


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "some.whl"
    path.write_bytes(b"garbage")
    with pytest.raises(AssetCorrupt, match="is not a readable zip archive"):
        extract(path, "a", tmp_path / "out")


def test_a_digest_is_that_of_the_content(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    assert sha256_of(path) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
