"""Commands for those who write skills: ``new``, ``test``, ``validate``, ``pack``."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from luaskills.engine.manifest import read_manifest
from luaskills.testing import read_recording

Run = Callable[..., Any]
pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def hello(run: Run, tmp_path: Path) -> Path:
    assert run("new", "hello").status == 0
    return tmp_path / "hello"


@pytest.mark.parametrize("name", ["hello", "no", "a-b-2"])
def test_a_new_package_is_valid_and_its_tests_pass(run: Run, name: str) -> None:
    made = run("new", name, "--directory", "skills")
    assert (made.status, made.err) == (0, "")
    assert f"luaskills test skills/{name}" in made.out
    assert run("validate", "--strict", f"skills/{name}").out == "0 errors, 0 warnings\n"
    for more in ((), ("--flavour", "lua54"), ("--profile", "locked")):
        tested = run("test", f"skills/{name}", *more)
        assert (tested.status, tested.err) == (0, "")
        assert tested.out.endswith("5 cases: 5 passed, 0 failed\n")


@pytest.mark.parametrize(("name", "text"), [("Hello", "NAME must match"), ("hello", "hello already exists")])
def test_a_package_is_not_made_over_another_or_with_a_wrong_name(run: Run, hello: Path, name: str, text: str) -> None:
    before = sorted(hello.rglob("*"))
    failed = run("new", name)
    assert failed.status == 1
    assert text in failed.err
    assert sorted(hello.rglob("*")) == before


def test_a_package_that_can_not_be_written_leaves_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    failed = run("new", "hello")
    assert (failed.status, failed.err) == (1, "error: No space left on device\n")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_packages_is_packed_whole(run: Run) -> None:
    for name in ("one", "two"):
        assert run("new", name, "--directory", "skills").status == 0
    packed = run("pack", "skills").out.splitlines()
    assert packed == [
        f"dist/{name}-v0.1.0-{kind}" for name in ("one", "two") for kind in ("skill.zip", "checksums.txt")
    ]


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (("-k", "zzz"), 1, "there are no cases to run with 'zzz' in the name"),
        (("--record", "--host", "no_such_module:x"), 2, "there is no module no_such_module (a file is FILE.py:NAME)"),
    ],
)
def test_a_choice_that_finds_nothing_is_said(run: Run, hello: Path, words: Any, status: int, text: str) -> None:
    failed = run("test", "hello", *words)
    assert (failed.status, text in failed.err) == (status, True), failed.err


def test_a_failed_case_is_shown_with_its_place(run: Run, hello: Path) -> None:
    cases = hello / "tests" / "greet.yaml"
    cases.write_text("cases:\n  - {name: polite, entry: greet, args: {who: Ada}, expect: 'Good day, Ada!'}\n")
    failed = run("test", "hello")
    assert failed.status == 1
    assert failed.out.startswith(
        "FAILED  hello/tests/greet.yaml:2: polite\n  the content is not as expected:\n"
        "      - Good day, Ada!\n      + Hello, Ada!\n"
    )
    assert failed.out.endswith("1 case: 0 passed, 1 failed\n")
    (shown,) = run("test", "hello", "--json").json
    assert (shown["file"], shown["line"], shown["passed"]) == ("hello/tests/greet.yaml", 2, False)


def test_cases_are_chosen_by_name_and_place(run: Run, hello: Path) -> None:
    assert run("test", "hello", "-k", "model").out.count("ok  ") == 2
    assert run("test", hello / "tests" / "greet.yaml").status == 0
    nothing = run("test", "hello", "-k", "zebra")
    assert (nothing.status, nothing.out) == (1, "")
    assert "there are no cases to run" in nothing.err


def test_a_package_is_found_from_within(run: Run, hello: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (hello, hello / "runtime"):
        monkeypatch.chdir(place)
        assert run("test").status == 0
        assert run("test", "..", "-k", "by name").status == 0
        assert run("validate").out == "0 errors, 0 warnings\n"


def test_there_must_be_something_to_record(run: Run, hello: Path) -> None:
    (hello.parent / "host.py").write_text("callbacks = {}\n")
    failed = run("test", "hello", "--record", "--host", "host.py:callbacks")
    assert (failed.status, failed.out) == (1, "")
    assert "there are no cases to record" in failed.err


def test_a_package_that_does_not_load_fails_its_cases(run: Run, hello: Path) -> None:
    (hello / "skill.yaml").write_text("name: x\nversion: x\n")
    failed = run("test", "hello", "-k", "by name")
    assert failed.status == 1
    assert "version must be a valid semantic version" in failed.out


def test_a_wrong_case_file_is_an_error(run: Run, hello: Path) -> None:
    (hello / "tests" / "greet.yaml").write_text("cases: 5")
    failed = run("test", "hello")
    assert failed.status == 1
    assert failed.err.endswith("hello/tests/greet.yaml:1: `cases` must be a list\n")


def test_an_endless_call_ends(run: Run, hello: Path) -> None:
    (hello / "runtime" / "greet.lua").write_text("return function() while true do end end")
    failed = run("test", "hello", "--timeout-ms", "50", "-k", "by name")
    assert failed.status == 1
    assert "timed out after 50 ms" in failed.out


def test_traffic_is_recorded_from_a_host_and_replayed_without_it(run: Run, hello: Path, tmp_path: Path) -> None:
    cases = hello / "tests" / "greet.yaml"
    cases.write_text(
        "cases:\n  - {name: model, entry: greet, args: {who: Ada}, recording: ada, expect: 'Ah, Ada.'}\n"
        "  - {name: plain, entry: greet, args: {who: Ada}, expect: 'Hello, Ada!'}\n"
    )
    (tmp_path / "host.py").write_text(
        "def callbacks():\n    return {'model_llm': lambda request: {'assistant': 'Ah, Ada.'}}\n"
    )
    assert "nothing is recorded in " in run("test", "hello").out
    recorded = run("test", "hello", "--record", "--host", "host.py:callbacks")
    assert (recorded.status, recorded.err) == (0, "")
    assert recorded.out.endswith("1 case: 1 passed, 0 failed\n")
    (call,) = read_recording(hello / "tests" / "recordings" / "ada.yaml")
    assert (call.to, call.answer) == ("model_llm", {"assistant": "Ah, Ada."})
    (tmp_path / "host.py").unlink()
    assert run("test", "hello").out.endswith("2 cases: 2 passed, 0 failed\n")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--record",), "--record needs --host"),
        (("--host", "host.py:callbacks"), "--record needs --host"),
        (("--record", "--host", "host"), "--host must be FILE.py:NAME or MODULE:NAME: 'host'"),
        (("--record", "--host", "none.py:x"), "there is no file none.py"),
        (("--record", "--host", "json:dumps_all"), "--host json:dumps_all is no mapping of callbacks by name"),
        (("--record", "--host", "os.path:defaults"), "is no mapping of callbacks"),
        (("--timeout-ms", "0"), "--timeout-ms must be at least 1"),
    ],
)
def test_wrong_options_are_refused(run: Run, hello: Path, words: tuple[str, ...], text: str) -> None:
    failed = run("test", "hello", *words)
    assert (failed.status, failed.out) == (2, "")
    assert text in failed.err


def test_problems_of_a_package_are_shown_with_their_place(run: Run, hello: Path) -> None:
    manifest = hello / "skill.yaml"
    manifest.write_text(manifest.read_text().replace("0.1.0", "new").replace("required: true", "needed: true"))
    shown = run("validate", "hello")
    assert shown.status == 1
    assert shown.out == (
        "hello/skill.yaml:2: error: version must be a valid semantic version: 'new' is not MAJOR.MINOR.PATCH\n"
        "hello/skill.yaml:9: warning: a parameter has no key `needed`: it is ignored\n"
        "1 error, 1 warning\n"
    )
    manifest.write_text(manifest.read_text().replace("new", "0.1.0"))
    assert run("validate", "hello").status == 0
    assert run("validate", "hello", "--strict").status == 1
    (warning,) = run("validate", "hello", "--json").json
    assert (warning["file"], warning["line"], warning["level"]) == ("hello/skill.yaml", 9, "warning")


def test_a_release_is_packed_and_the_same_every_time(run: Run, hello: Path, tmp_path: Path) -> None:
    assert run("pack", "hello").out == "dist/hello-v0.1.0-skill.zip\ndist/hello-v0.1.0-checksums.txt\n"
    archive = tmp_path / "dist" / "hello-v0.1.0-skill.zip"
    first = archive.read_bytes()
    digest = hashlib.sha256(first).hexdigest()
    assert (tmp_path / "dist" / "hello-v0.1.0-checksums.txt").read_text() == f"{digest}  {archive.name}\n"
    with zipfile.ZipFile(archive) as opened:
        assert "hello/skill.yaml" in opened.namelist()
        assert {name.partition("/")[0] for name in opened.namelist()} == {"hello"}
        assert not [name for name in opened.namelist() if "tests" in name]
        opened.extractall(tmp_path / "unpacked")
    assert read_manifest(tmp_path / "unpacked" / "hello", "hello") is not None
    assert run("pack", "hello", "--output-dir", "again").status == 0
    assert (tmp_path / "again" / archive.name).read_bytes() == first


def test_a_package_with_errors_or_links_is_not_packed(run: Run, hello: Path, tmp_path: Path) -> None:
    (hello / "resources").mkdir()
    (hello / "resources" / "link").symlink_to("/etc/passwd")
    assert "is a symbolic link" in run("pack", "hello").err
    (hello / "resources" / "link").unlink()
    (hello / "licenses").symlink_to("/etc")
    assert "licenses is a symbolic link" in run("pack", "hello").err
    assert list((tmp_path / "dist").iterdir()) == []
    (hello / "skill.yaml").write_text(json.dumps({"name": "x"}))
    assert "the package has errors:\n" in run("pack", "hello").err
