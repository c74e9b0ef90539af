"""Components kept by what they were made of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pharia_skill.builder.cache import BuildCache, forget
from pharia_skill.builder.snapshot.files import Files, Mount


@pytest.fixture
def cache(tmp_path: Path) -> BuildCache:
    return BuildCache(tmp_path / "cache")


@pytest.fixture
def mounts(tmp_path: Path) -> list[Mount]:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "haiku.py").write_text("x = 1")
    return [Mount("/skill", (tmp_path / "project",), noted=True)]


def seen(mounts: list[Mount]) -> dict[str, str]:
    files = Files(mounts)
    entry = files.at("/skill/haiku.py")
    assert entry is not None
    files.read(entry)
    return files.seen


def test_what_was_stored_is_found_again(cache: BuildCache, mounts: list[Mount]) -> None:
    cache.store("request", b"component", seen(mounts), ["careful"])
    found = cache.look_up("request", mounts)
    assert found is not None
    assert (found[0].warnings, found[1]) == (["careful"], b"component")
    assert cache.look_up("another", mounts) is None


def test_every_state_of_the_files_has_its_component(cache: BuildCache, mounts: list[Mount]) -> None:
    file = mounts[0].folders[0] / "haiku.py"
    for text in ("x = 1", "x = 2"):
        file.write_text(text)
        cache.store("request", text.encode(), seen(mounts), [])
    for text in ("x = 1", "x = 2"):
        file.write_text(text)
        found = cache.look_up("request", mounts)
        assert found is not None
        assert found[1] == text.encode()
    file.write_text("x = 3")
    assert cache.look_up("request", mounts) is None


def test_a_damaged_cache_is_no_cache(cache: BuildCache, mounts: list[Mount], tmp_path: Path) -> None:
    cache.store("request", b"component", seen(mounts), [])
    (component,) = (tmp_path / "cache" / "components").iterdir()
    component.write_bytes(b"damaged")
    assert cache.look_up("request", mounts) is None
    (record,) = (tmp_path / "cache" / "requests" / "request").iterdir()
    record.write_text("{}")
    assert cache.look_up("request", mounts) is None


def test_a_cache_that_can_not_be_written_is_no_error(tmp_path: Path, mounts: list[Mount]) -> None:
    (tmp_path / "file").write_text("")
    BuildCache(tmp_path / "file").store("request", b"component", seen(mounts), [])


def test_only_a_few_states_of_a_request_are_remembered(cache: BuildCache, mounts: list[Mount], tmp_path: Path) -> None:
    for number in range(12):
        (mounts[0].folders[0] / "haiku.py").write_text(f"x = {number}")
        cache.store("request", b"component", seen(mounts), [])
    assert len(list((tmp_path / "cache" / "requests" / "request").iterdir())) == 8


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    for age, name in enumerate(["new", "middle", "old"]):
        file = tmp_path / f"{name}.wasm"
        file.write_bytes(bytes(100))
        os.utime(file, (1000 - age, 1000 - age))
    forget(tmp_path, "*.wasm", 250)
    assert sorted(file.stem for file in tmp_path.iterdir()) == ["middle", "new"]
