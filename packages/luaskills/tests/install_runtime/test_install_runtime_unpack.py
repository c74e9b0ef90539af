"""Archives as releases for every system have them: tar.gz, and zip for Windows."""

from __future__ import annotations

import gzip
import io
import os
import random
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from luaskills.install_runtime.unpack import unpack_archive

NOISE = random.Random(1).randbytes(50_000).hex().encode()
"""Long enough in any packing to be damaged in its middle."""


def zipped(path: Path, members: list[tuple[str, int, bytes]]) -> Path:
    """A zip archive of names, modes with file types, and contents."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, mode, content in members:
            info = zipfile.ZipInfo(name)
            info.external_attr, info.compress_type = mode << 16, zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return path


def tarred(path: Path, content: bytes) -> Path:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        info = tarfile.TarInfo("a/b")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    path.write_bytes(gzip.compress(target.getvalue()))
    return path


def test_a_zip_archive_comes_out_as_it_is(tmp_path: Path) -> None:
    members = [
        ("bin/", stat.S_IFDIR | 0o755, b""),
        ("bin/tool.exe", stat.S_IFREG | 0o755, b"MZ"),
        ("lib/x.dll", 0, b"dll"),
        ("lib/y.dll", stat.S_IFLNK | 0o777, b"x.dll"),
    ]
    unpack_archive(zipped(tmp_path / "a.zip", members), tmp_path / "out")
    assert (tmp_path / "out" / "bin" / "tool.exe").read_bytes() == b"MZ"
    assert (tmp_path / "out" / "bin" / "tool.exe").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "out" / "lib" / "x.dll").stat().st_mode & 0o777 == 0o644
    assert os.readlink(tmp_path / "out" / "lib" / "y.dll") == "x.dll"


@pytest.mark.parametrize(
    ("name", "mode", "content"),
    [
        ("../../etc/x", 0, b"x"),
        ("/etc/x", 0, b"x"),
        ("C:/x", 0, b"x"),
        ("a/../../x/", stat.S_IFDIR | 0o755, b""),
        ("link", stat.S_IFLNK | 0o777, b"/etc"),
        ("a/link", stat.S_IFLNK | 0o777, b"../../x"),
    ],
)
def test_members_of_a_zip_archive_that_leave_are_refused(tmp_path: Path, name: str, mode: int, content: bytes) -> None:
    """Row 172 for the archives of Windows."""
    archive = zipped(tmp_path / "a.zip", [("lib/x.dll", 0, b"dll"), (name, mode, content)])
    with pytest.raises(ValueError, match=f"^archive member escapes extraction directory: {name}$"):
        unpack_archive(archive, tmp_path / "in" / "out")
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["a.zip", "x.dll"]


def test_devices_in_a_zip_archive_are_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", [("pipe", stat.S_IFIFO | 0o644, b"")])
    with pytest.raises(ValueError, match="archive member is neither file, directory nor link: pipe"):
        unpack_archive(archive, tmp_path / "out")


@pytest.mark.parametrize("place", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("kind", ["a.zip", "a.tar.gz"])
def test_damage_in_the_middle_is_named(tmp_path: Path, kind: str, place: float) -> None:
    path = tmp_path / kind
    archive = zipped(path, [("a/b", 0, NOISE)]) if kind.endswith("zip") else tarred(path, NOISE)
    content = bytearray(archive.read_bytes())
    start = int(len(content) * place)
    content[start : start + 400] = random.Random(2).randbytes(400)
    archive.write_bytes(content)
    with pytest.raises(ValueError, match=f"^archive {kind} can not be unpacked: "):
        unpack_archive(archive, tmp_path / "out")
