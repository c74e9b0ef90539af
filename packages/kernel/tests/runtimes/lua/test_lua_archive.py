"""What may be in the archive of a package, and what is refused before anything is written."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from pathlib import Path

import pytest

from doubles.lua_package import archive, files_of, put_folder
from pharia_kernel.errors import SkillLoadError
from pharia_kernel.runtimes.lua import archive as archives
from pharia_kernel.runtimes.lua.archive import is_package, pack, package_id, unpack

FILES = files_of({"main": "return function() return 'x' end"})


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return result.getvalue()


def special(name: str, kind: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (kind | 0o777) << 16
    return info


def test_an_archive_becomes_the_files_it_was_made_of(tmp_path: Path) -> None:
    code = archive("notes", FILES)
    assert is_package(code)
    assert package_id(code) == "notes"
    unpack(code, tmp_path)
    found = {str(file.relative_to(tmp_path)): file.read_text() for file in tmp_path.rglob("*") if file.is_file()}
    assert found == FILES


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("notes/../../evil", "unusual name"),
        ("notes//evil", "unusual name"),
        ("notes/./evil", "unusual name"),
        ("notes/a\\..\\evil", "unusual name"),
        ("notes/" + "x" * 2000, "unusual name"),
        ("/etc/evil", "one folder on top"),
        ("../evil", "one folder on top"),
        ("C:/evil", "one folder on top"),
        ("other/evil", "one folder on top"),
        ("evil", "one folder on top"),
        ("notes/SKILL.yaml", "twice"),
        (special("notes/link", stat.S_IFLNK), "link or a device"),
        (special("notes/pipe", stat.S_IFIFO), "link or a device"),
    ],
    ids=str,
)
def test_hostile_members_are_refused(tmp_path: Path, name: str | zipfile.ZipInfo, problem: str) -> None:
    code = zipped(("notes/skill.yaml", b"name: x"), (name, b"/etc/passwd"))
    with pytest.raises(SkillLoadError, match=problem):
        unpack(code, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_a_manifest_it_is_no_package() -> None:
    with pytest.raises(SkillLoadError, match=r"no notes/skill\.yaml"):
        package_id(zipped(("notes/readme", b"x")))


def test_a_name_that_no_package_has_is_refused() -> None:
    with pytest.raises(SkillLoadError, match="one folder on top"):
        package_id(zipped(("Not_es/skill.yaml", b"x")))


@pytest.mark.parametrize("code", [b"PK\x03\x04", b"PK\x03\x04" + b"x" * 100, archive("notes", FILES)[:-40]])
def test_damaged_archives_are_refused(code: bytes) -> None:
    with pytest.raises(SkillLoadError, match="no archive of a Lua package"):
        package_id(code)


def test_content_that_is_damaged_is_refused(tmp_path: Path) -> None:
    code = bytearray(zipped(("notes/skill.yaml", os.urandom(1000))))
    code[200] ^= 0xFF
    with pytest.raises(SkillLoadError, match="damaged"):
        unpack(bytes(code), tmp_path)


def test_a_bomb_does_not_go_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 1_000_000)
    bomb = zipped(("notes/skill.yaml", b"x"), ("notes/bomb", bytes(10_000_000)))
    assert len(bomb) < 20_000
    with pytest.raises(SkillLoadError, match="more than 1,000,000 bytes"):
        unpack(bomb, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_bomb_that_lies_about_its_size_does_not_go_off_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 1_000_000)
    honest = zipped(("notes/skill.yaml", b"x"), ("notes/bomb", bytes(10_000_000)))
    size = (10_000_000).to_bytes(4, "little")
    liar = honest.replace(size, (10).to_bytes(4, "little"))
    assert liar != honest
    with pytest.raises(SkillLoadError):
        unpack(liar, tmp_path)
    assert sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file()) <= 1_000_001


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_FILES", 3)
    with pytest.raises(SkillLoadError, match="4 entries"):
        package_id(zipped(*((f"notes/{number}", b"") for number in range(4))))


def test_a_folder_gives_the_same_archive_whenever_it_was_written(tmp_path: Path) -> None:
    one = put_folder(tmp_path / "one", "notes", FILES)
    other = put_folder(tmp_path / "other", "notes", dict(reversed(FILES.items())))
    os.utime(other / "skill.yaml", (1, 1))
    assert pack(one, "notes") == pack(other, "notes")
    assert package_id(pack(one, "notes")) == "notes"


def test_what_editors_and_tools_leave_is_no_part_of_a_folder(tmp_path: Path) -> None:
    folder = put_folder(tmp_path, "notes", FILES)
    clean = pack(folder, "notes")
    for name in (".git/config", "skill.yaml~", "#skill.yaml#", "~draft", "runtime/.main.lua.swp", "__pycache__/x.pyc"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    assert pack(folder, "notes") == clean


def test_links_in_a_folder_are_refused(tmp_path: Path) -> None:
    folder = put_folder(tmp_path, "notes", FILES)
    (folder / "runtime" / "secret.lua").symlink_to("/etc/passwd")
    with pytest.raises(SkillLoadError, match="symbolic link"):
        pack(folder, "notes")
