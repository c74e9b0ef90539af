"""``pack``."""

from __future__ import annotations

import argparse
import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from luaskills.cli.commands import Commands
from luaskills.engine.manifest import read_manifest
from luaskills.errors import ManifestError
from luaskills.testing.package import packages_at
from luaskills.testing.validation import Level, validate

_FILES = ("skill.yaml", "dependencies.yaml", "LICENSE")
_FOLDERS = (
    *("runtime", "node", "python", "help", "schemas"),
    *("overflow_templates", "resources", "licenses"),
)
# The same package gives the same bytes.
_WHEN = (1980, 1, 1, 0, 0, 0)


def add(commands: Commands) -> None:
    """Add this command."""
    pack = commands.add("pack", _pack, "Make the two files a release of a skill package consists of.")
    pack.add_argument(
        "path", metavar="PATH", nargs="?", type=Path, default=Path(), help="package, or folder of packages; default: ."
    )
    pack.add_argument("--output-dir", metavar="DIR", type=Path, default=Path("dist"), help="default: dist")


def _pack(given: argparse.Namespace) -> int:
    for package in packages_at(given.path):
        for file in pack_package(package, given.output_dir):
            print(file)
    return 0


def pack_package(package: Path, output_dir: Path) -> tuple[Path, Path]:
    """The archive and its checksums; raises ManifestError for a package with errors."""
    errors = [str(finding) for finding in validate(package) if finding.level is Level.ERROR]
    if errors:
        raise ManifestError("\n".join(["the package has errors:", *errors]))
    manifest = read_manifest(package, package.name)
    if manifest is None:
        raise ManifestError(f"{package} says `enable: false`")
    output_dir.mkdir(parents=True, exist_ok=True)
    stem = f"{package.name}-v{manifest.version}"
    archive, checksums = output_dir / f"{stem}-skill.zip", output_dir / f"{stem}-checksums.txt"
    part = archive.with_suffix(".part")
    try:
        _write(package, part)
        part.replace(archive)
    finally:
        part.unlink(missing_ok=True)
    checksums.write_text(f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  {archive.name}\n", "utf-8")
    return archive, checksums


def _write(package: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for file in _contents(package):
            mode = 0o755 if file.stat().st_mode & 0o100 else 0o644
            info = zipfile.ZipInfo(f"{package.name}/{file.relative_to(package).as_posix()}", _WHEN)
            info.external_attr, info.compress_type = (0o100000 | mode) << 16, zipfile.ZIP_DEFLATED
            target.writestr(info, file.read_bytes())


def _contents(package: Path) -> Iterator[Path]:
    """Files of a release, sorted; raises ManifestError for a link, which no host would unpack."""
    names = [*_FILES, *(path.name for path in package.glob("README*"))]
    files = [package / name for name in names if (package / name).is_file()]
    for folder in _FOLDERS:
        inner = [package / folder, *(package / folder).rglob("*")]
        files += [path for path in inner if path.is_symlink() or path.is_file()]
    for file in sorted(files):
        if file.is_symlink():
            raise ManifestError(f"{file} is a symbolic link, which a release can not hold")
        yield file
