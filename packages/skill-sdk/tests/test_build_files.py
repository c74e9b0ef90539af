"""What the Python inside a component can read while it is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from pharia_skill.builder.snapshot.files import FOLDER, MISSING, Files, Mount, unchanged


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "poems").mkdir(parents=True)
    (folder / "haiku.py").write_text("x = 1")
    (folder / "poems" / "data.txt").write_text("words")
    return folder


def files(project: Path) -> Files:
    return Files([Mount("/python", (project.parent,)), Mount("/skill", (project,), noted=True)])


def test_a_file_is_found_by_its_name_in_the_component(project: Path) -> None:
    looked = files(project)
    entry = looked.find(looked.root(1), "poems/data.txt")
    assert entry is not None
    assert (entry.name, entry.size, looked.read(entry)) == ("/skill/poems/data.txt", 5, b"words")


@pytest.mark.parametrize("path", ["../haiku.py", "/etc/passwd", "poems/../../other", "nul\0"])
def test_nothing_outside_of_the_folders_is_found(path: str, project: Path) -> None:
    looked = files(project)
    assert looked.find(looked.root(1), path) is None


@pytest.mark.parametrize("name", [".git", "__pycache__", "node_modules", "haiku.wasm"])
def test_what_is_no_source_is_not_seen(name: str, project: Path) -> None:
    (project / name).mkdir()
    looked = files(project)
    assert looked.find(looked.root(1), name) is None
    assert looked.names(looked.root(1)) == [("haiku.py", False), ("poems", True)]


def test_an_environment_in_the_project_is_not_seen(project: Path) -> None:
    (project / "env").mkdir()
    (project / "env" / "pyvenv.cfg").write_text("")
    looked = files(project)
    assert looked.find(looked.root(1), "env") is None


def test_everything_that_is_asked_for_is_noted(project: Path) -> None:
    looked = files(project)
    root = looked.root(1)
    for path in ("haiku/__init__.py", "haiku.py", "poems"):
        entry = looked.find(root, path)
        if entry is not None and not entry.is_folder:
            looked.read(entry)
    assert looked.seen["/skill/haiku/__init__.py"] == MISSING
    assert looked.seen["/skill/poems"] == FOLDER
    assert len(looked.seen["/skill/haiku.py"]) == 64
    assert not [name for name in looked.seen if name.startswith("/python")]


def seen_in(project: Path) -> tuple[dict[str, str], list[Mount]]:
    looked = files(project)
    root = looked.root(1)
    for path in ("haiku.py", "missing.py", "poems"):
        entry = looked.find(root, path)
        if entry is not None:
            looked.names(entry) if entry.is_folder else looked.read(entry)
    return looked.seen, list(looked.mounts)


def test_the_same_files_are_unchanged(project: Path) -> None:
    assert unchanged(*seen_in(project))


@pytest.mark.parametrize(
    ("name", "text"), [("haiku.py", "x = 2"), ("missing.py", "here now"), ("poems/more.txt", "more")]
)
def test_a_change_in_what_was_seen_is_a_change(name: str, text: str, project: Path) -> None:
    seen, mounts = seen_in(project)
    (project / name).write_text(text)
    assert not unchanged(seen, mounts)


def test_a_file_that_is_gone_is_a_change(project: Path) -> None:
    seen, mounts = seen_in(project)
    (project / "haiku.py").unlink()
    assert not unchanged(seen, mounts)


def test_a_file_nobody_read_is_no_change(project: Path) -> None:
    seen, mounts = seen_in(project)
    (project / "README.md").write_text("new")
    assert unchanged(seen, mounts)


def test_several_folders_are_seen_as_one(project: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "haiku.py").write_text("hidden by the first")
    (tmp_path / "more" / "tanka.py").write_text("x = 5")
    looked = Files([Mount("/site", (project, tmp_path / "nowhere", tmp_path / "more"))])
    first, second = looked.at("/site/haiku.py"), looked.at("/site/tanka.py")
    assert first is not None
    assert second is not None
    assert (looked.read(first), looked.read(second)) == (b"x = 1", b"x = 5")
    assert looked.names(looked.root(0)) == [("haiku.py", False), ("poems", True), ("tanka.py", False)]
