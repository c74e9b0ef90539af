from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pharia_kernel.cli import app
from pharia_kernel.cli.documents import NoDocuments, files_of

Call = Callable[..., Result]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """The command in a directory with a handbook, and nothing in its environment."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "handbook" / "more").mkdir(parents=True)
    (tmp_path / "handbook" / "smoke.md").write_text("Nobody smokes in the office.")
    (tmp_path / "handbook" / "more" / "sea.html").write_text("<p>Fishermen sail at dawn.</p>")
    (tmp_path / "handbook" / "picture.png").write_bytes(b"x")
    environ = {"XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CACHE_HOME": str(tmp_path)}

    def invoke(*arguments: str, **more: str) -> Result:
        return CliRunner().invoke(app, ["documents", *arguments], env={**environ, **more})

    return invoke


def test_files_are_added_listed_found_and_removed(call: Call, tmp_path: Path) -> None:
    added = call("add", "team/handbook", "handbook", "--metadata", "year=2024", "--metadata", "author=Ann")
    assert (added.exit_code, added.stdout) == (0, "team/handbook: 2 added, 0 updated\n"), added.stderr
    assert (tmp_path / "data" / "pharia-kernel" / "documents" / "team" / "handbook.lance").is_dir()
    assert [line.split()[-1] for line in call("list", "team/handbook").stdout.splitlines()] == [
        "more/sea.html",
        "smoke.md",
    ]
    assert "team/handbook" in call("list").stdout
    found = call("search", "team/handbook", "boats", "--limit", "1").stdout
    assert "more/sea.html 0:0-22\nFishermen sail at dawn." in found
    assert call("add", "team/handbook", "handbook").stdout == "team/handbook: 0 added, 2 updated\n"
    assert call("remove", "team/handbook", "smoke.md").stdout == "team/handbook: removed smoke.md\n"
    assert call("remove", "team/handbook", "--all").exit_code == 0
    assert "No documents yet" in call("list").stdout


def test_an_index_of_another_shape_is_defined(call: Call) -> None:
    call("add", "team/handbook", "handbook")
    options = ["--passage-characters", "20", "--overlap-characters", "0", "--no-hybrid"]
    assert call("index", "team/handbook", "small", *options).exit_code == 0
    assert "default, small" in call("list").stdout
    assert "Nobody smokes in the\n" in call("search", "team/handbook", "smoke", "--index", "small").stdout


def test_a_broken_file_is_named_and_the_others_are_added(call: Call, tmp_path: Path) -> None:
    (tmp_path / "handbook" / "broken.pdf").write_bytes(b"no pdf")
    (tmp_path / "handbook" / "latin.txt").write_bytes(b"\xe4")
    result = call("add", "team/handbook", "handbook")
    assert (result.exit_code, result.stdout) == (1, "team/handbook: 2 added, 0 updated, 2 failed\n")
    assert "handbook/broken.pdf: it can not be read as application/pdf" in result.stderr
    assert "handbook/latin.txt: it is not text in UTF-8" in result.stderr


def test_a_document_that_is_too_large_does_not_keep_the_others_out(call: Call, tmp_path: Path) -> None:
    (tmp_path / "handbook" / "large.txt").write_text("x" * 101)
    result = call("add", "team/handbook", "handbook", EMBEDDED_DOCUMENTS__DOCUMENT_BYTES="100")
    assert (result.exit_code, result.stdout) == (1, "team/handbook: 2 added, 0 updated, 1 failed\n")
    assert "large.txt" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "handbook", "handbook"], "name of a collection"),
        (["add", "team/handbook", "nowhere"], "nowhere"),
        (["add", "team/handbook", "data"], "no files of a known type"),
        (["add", "team/handbook", "handbook", "--metadata", "x"], "FIELD=JSON"),
        (["remove", "team/handbook"], "--all"),
    ],
)
def test_wrong_usage_is_exit_code_2(call: Call, tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "data").mkdir()
    result = call(*arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())


def test_what_is_not_there_is_a_clear_text(call: Call) -> None:
    for arguments in (["list", "team/none"], ["remove", "team/none", "x"], ["search", "team/none", "x"]):
        result = call(*arguments)
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: there is no collection team/none")


def test_a_remote_index_is_not_filled_from_here(call: Call) -> None:
    result = call("add", "team/handbook", "handbook", DOCUMENT_INDEX_URL="http://127.0.0.1:1")
    assert result.exit_code == 1
    assert "remote index" in result.stderr


def test_files_are_named_for_the_way_to_them(tmp_path: Path) -> None:
    (tmp_path / ".hidden").mkdir()
    for name in ("a.md", "b.PDF", "c.png", ".d.md", ".hidden/e.md"):
        (tmp_path / name).write_text(json.dumps(name))
    assert [file.name for file in files_of([tmp_path], "docs/")] == ["docs/a.md", "docs/b.PDF"]
    assert [file.name for file in files_of([tmp_path / "c.png"], "")] == ["c.png"]
    with pytest.raises(NoDocuments, match="both be the document"):
        files_of([tmp_path / "a.md", tmp_path / ".hidden" / ".." / "a.md"], "")
