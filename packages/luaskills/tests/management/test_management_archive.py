"""What a package archive may hold."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from luaskills.errors import ManagementError
from luaskills.management import skill_archive
from luaskills.management.skill_archive import unpack_skill

MANIFEST = ("notes/skill.yaml", b"name: notes")


def archive(tmp_path: Path, members: Iterable[tuple[str | zipfile.ZipInfo, bytes]]) -> Path:
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return path


def special(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def refusal(path: Path, target: Path) -> str:
    with pytest.raises(ManagementError) as raised:
        unpack_skill(path, "p.zip", "notes", target)
    return str(raised.value)


def test_files_come_out_as_they_are(tmp_path: Path) -> None:
    script = special("notes/resources/run.sh", stat.S_IFREG | 0o755)
    folder = zipfile.ZipInfo("notes/empty/")
    path = archive(tmp_path, [MANIFEST, ("notes/runtime/a.lua", b"\x00\xff"), (script, b"#!"), (folder, b"")])
    package = unpack_skill(path, "p.zip", "notes", tmp_path / "out")
    assert (package / "runtime" / "a.lua").read_bytes() == b"\x00\xff"
    assert (package / "resources" / "run.sh").stat().st_mode & 0o111
    assert not (package / "skill.yaml").stat().st_mode & 0o111
    assert (package / "empty").is_dir()


def test_separators_of_windows_are_separators(tmp_path: Path) -> None:
    path = archive(tmp_path, [("notes\\skill.yaml", b"x"), ("notes\\runtime\\a.lua", b"y")])
    assert (unpack_skill(path, "p.zip", "notes", tmp_path / "out") / "runtime" / "a.lua").is_file()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        # row 151
        ("../x", "must not contain parent-directory traversal"),
        ("notes/../../x", "must not contain parent-directory traversal"),
        ("notes\\..\\..\\x", "must not contain parent-directory traversal"),
        ("/etc/x", "must not use an absolute path"),
        ("\\\\server\\share", "must not use an absolute path"),
        ("C:\\x", "must not use an absolute path"),
        ("c:x", "must not use an absolute path"),
    ],
)
def test_names_that_leave_are_refused(tmp_path: Path, name: str, reason: str) -> None:
    path = archive(tmp_path, [MANIFEST, (name, b"x")])
    assert refusal(path, tmp_path / "out") == f"Zip entry '{name}' {reason}"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "part", ["CON", "nul.txt", "com1", "LPT9.lua", "a:b", "a.", "a ", "a\x01b", "a?", "a|b", "", ".", "CONIN$"]
)
def test_names_that_windows_can_not_hold_are_refused(tmp_path: Path, part: str) -> None:
    path = archive(tmp_path, [MANIFEST, (f"notes/{part}/x", b"x")])
    assert f"must not use the name {part!r}, which not every system can hold" in refusal(path, tmp_path / "out")


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_devices_are_refused(tmp_path: Path, mode: int) -> None:
    path = archive(tmp_path, [MANIFEST, (special("notes/link", mode), b"/etc/passwd")])
    assert refusal(path, tmp_path / "out") == (
        "Zip entry 'notes/link' must be a plain file or directory, not a link or device"
    )


@pytest.mark.parametrize("other", ["other/x", "README.md", "notes2/skill.yaml"])
def test_one_directory_is_all_there_is(tmp_path: Path, other: str) -> None:
    path = archive(tmp_path, [MANIFEST, (other, b"x")])
    top = other.partition("/")[0]
    assert refusal(path, tmp_path / "out") == (
        f"Skill package p.zip must contain only the top-level directory 'notes', but found '{top}'"
    )


@pytest.mark.parametrize("members", [[], [("notes/runtime/a.lua", b"x")], [("notes/skill.yaml/", b"")]])
def test_a_manifest_has_to_be_in_it(tmp_path: Path, members: Any) -> None:
    path = archive(tmp_path, members)
    assert refusal(path, tmp_path / "out") == "Skill package p.zip does not contain notes/skill.yaml"


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("again", ["notes/skill.yaml", "notes/SKILL.yaml"])
def test_a_name_appears_once_also_in_another_case(tmp_path: Path, again: str) -> None:
    path = archive(tmp_path, [MANIFEST, (again, b"x")])
    assert refusal(path, tmp_path / "out") == f"Zip entry '{again}' appears more than once"


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    path = archive(tmp_path, [MANIFEST, ("notes/a", b"x"), ("notes/a/b/c", b"x")])
    assert refusal(path, tmp_path / "out") == "Zip entry 'notes/a/b/c' lies below a file"


def test_a_tight_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    path = archive(tmp_path, [MANIFEST, ("notes/zeros", bytes(32 * 1024**2))])
    assert refusal(path, tmp_path / "out") == "Skill package p.zip unpacks to more than 200 times its size"
    assert not (tmp_path / "out").exists()


def test_too_many_entries_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skill_archive, "MOST_ENTRIES", 3)
    path = archive(tmp_path, [MANIFEST, *((f"notes/{n}", b"") for n in range(3))])
    assert refusal(path, tmp_path / "out") == "Skill package p.zip has more than 3 entries"


def test_too_large_a_whole_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skill_archive, "LARGEST_TOTAL_BYTES", 100)
    path = archive(tmp_path, [MANIFEST, ("notes/a", bytes(90))])
    assert refusal(path, tmp_path / "out") == "Skill package p.zip unpacks to more than 100 bytes"


def test_a_size_that_lies_is_noticed(tmp_path: Path) -> None:
    """The directory of the archive says 1 byte where 4 MiB come out."""
    path = archive(tmp_path, [MANIFEST, ("notes/zeros", bytes(4 * 1024**2))])
    content = bytearray(path.read_bytes())
    place = content.rindex(b"PK\x01\x02")
    content[place + 24 : place + 28] = (1).to_bytes(4, "little")
    path.write_bytes(content)
    assert "can not be unpacked" in refusal(path, tmp_path / "out")


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "flipped"])
def test_damage_is_an_error_with_the_name(tmp_path: Path, damage: str) -> None:
    path = archive(tmp_path, [("notes/skill.yaml", bytes(range(256)) * 40)])
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[60] ^= 0xFF
    path.write_bytes({"empty": b"", "text": b"hello", "cut": content[:-30], "flipped": content}[damage])
    assert refusal(path, tmp_path / "out").startswith("Skill package p.zip can not be unpacked: ")


def test_passwords_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path, [MANIFEST])
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    path.write_bytes(content)
    assert refusal(path, tmp_path / "out") == "Zip entry 'notes/skill.yaml' must not be encrypted"


def test_a_hostile_release_leaves_the_runtime_as_it_was(runtime: Any, site: Any, tmp_path: Path) -> None:
    # row 151
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        file.writestr("notes/skill.yaml", "name: notes")
        file.writestr("../../../evil.txt", "x")
    site.publish("notes", "1.0.0", archive=target.getvalue())
    before = runtime.files()
    with pytest.raises(ManagementError, match="must not contain parent-directory traversal"):
        runtime.install("acme/notes")
    assert runtime.files() == before
    assert list(tmp_path.parent.rglob("evil.txt")) == []
