"""What a start finds and leaves alone."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from luaskills.errors import ManagementError
from luaskills.management.durable import remove
from luaskills.management.journal import read_journal
from luaskills.management.lock import locked
from luaskills.management.transaction import Transaction, settle


def crashed(root: Path) -> Path:
    """A root in which a process died after it had moved ``a`` away and before ``b`` came; gives the journal."""
    journal = root / "state" / "management.json"
    transaction = Transaction(root, journal)
    scratch = transaction.scratch(root / "state" / "update_tmp")
    (root / "a").write_text("old")
    (scratch / "a").write_text("new")
    transaction.replace(root / "a", scratch / "a", scratch / "backup")
    transaction.begin()
    os.rename(root / "a", scratch / "backup")
    return journal


def test_a_start_creates_nothing(runtime: Any, tmp_path: Path) -> None:
    runtime.management.recover(runtime.chain)
    assert list(tmp_path.iterdir()) == []


def test_a_start_puts_back_what_a_crash_left(runtime: Any, tmp_path: Path) -> None:
    journal = crashed(tmp_path)
    (tmp_path / "state" / "management.lock").touch()
    runtime.management.recover(runtime.chain)
    assert (tmp_path / "a").read_text() == "old"
    assert not journal.exists()


def test_a_start_leaves_a_living_process_alone(runtime: Any, tmp_path: Path) -> None:
    journal = crashed(tmp_path)
    with locked(tmp_path / "state" / "management.lock"):
        runtime.management.recover(runtime.chain)
        assert journal.exists()
        assert not (tmp_path / "a").exists()


def test_every_operation_recovers_first(runtime: Any, site: Any, tmp_path: Path) -> None:
    crashed(tmp_path)
    site.publish("notes", "1.0.0")
    runtime.install("acme/notes")
    assert (tmp_path / "a").read_text() == "old"


def test_a_root_may_move_between_a_crash_and_the_next_start(tmp_path: Path) -> None:
    crashed(tmp_path / "before")
    os.rename(tmp_path / "before", tmp_path / "after")
    settle(tmp_path / "after", tmp_path / "after" / "state" / "management.json")
    assert (tmp_path / "after" / "a").read_text() == "old"


def test_one_operation_waits_for_the_other_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "management.lock"
    with locked(path), pytest.raises(ManagementError) as raised, locked(path, wait_seconds=0.05):
        pass
    assert str(raised.value) == f"another management operation holds {path}; try again when it has ended"


@pytest.mark.parametrize(
    "content",
    [
        "nonsense",
        "[]",
        '{"version": 2}',
        json.dumps({"version": 1, "committed": False, "changes": [["../x", None, "b", True]], "scratch": []}),
        json.dumps({"version": 1, "committed": True, "changes": [], "scratch": ["/etc"], "watched": {}, "discard": []}),
    ],
)
def test_a_journal_that_makes_no_sense_is_named_and_not_followed(tmp_path: Path, content: str) -> None:
    journal = tmp_path / "management.json"
    journal.write_text(content)
    with pytest.raises(ManagementError, match=f"management journal {journal}"):
        read_journal(journal)


def test_an_error_in_the_middle_puts_everything_back(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "seen").mkdir()
    with pytest.raises(ValueError, match="broken"):
        _broken(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "deep", "seen"]
    assert (tmp_path / "a").read_text() == "old"


def _broken(tmp_path: Path) -> None:
    with Transaction(tmp_path, tmp_path / "journal") as transaction:
        scratch = transaction.scratch(tmp_path / "tmp")
        (scratch / "a").write_text("new")
        (scratch / "b").write_text("new")
        transaction.replace(tmp_path / "a", scratch / "a")
        transaction.replace(tmp_path / "deep" / "b", scratch / "b")
        transaction.watch(tmp_path / "seen")
        transaction.watch(tmp_path / "unseen")
        transaction.begin()
        for name in ("seen", "unseen"):
            (tmp_path / name / "more").mkdir(parents=True)
        transaction.apply()
        raise ValueError("broken")


def test_directories_that_are_write_protected_are_removed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b").chmod(0o500)
    removed, tried = shutil.rmtree, []

    def once_refused(path: Path) -> None:
        tried.append((path / "b").stat().st_mode & 0o777)
        if len(tried) == 1:
            raise PermissionError
        removed(path)

    monkeypatch.setattr("shutil.rmtree", once_refused)
    remove(tmp_path / "a")
    assert tried == [0o500, 0o700]
    assert not (tmp_path / "a").exists()


def test_rubbish_that_stays_does_not_keep_a_host_from_starting(
    runtime: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashed(tmp_path)
    journal = tmp_path / "state" / "management.json"
    journal.write_text(journal.read_text().replace('"committed": false', '"committed": true'))
    (tmp_path / "state" / "management.lock").touch()

    def refused(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("shutil.rmtree", refused)
    runtime.management.recover(runtime.chain)
    assert journal.exists()


def test_skills_on_another_disk_are_staged_beside_them(
    runtime: Any, site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rename from the state to the skills fails, as it does where the skills are a mounted volume."""
    rename, crossed = os.rename, []

    def guarded(source: Any, target: Any) -> None:
        if ("/state/" in str(source)) != ("/state/" in str(target)):
            crossed.append(source)
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        rename(source, target)

    site.publish("notes", "1.0.0")
    site.publish("notes", "1.0.0")
    monkeypatch.setattr(os, "rename", guarded)
    runtime.install("acme/notes")
    site.publish("notes", "1.1.0")
    runtime.update("notes")
    assert runtime.answer("notes") == "1.1.0"
    assert crossed
    assert [path.name for path in (tmp_path / "user_skills").iterdir()] == ["notes"]
    runtime.uninstall("notes")
    assert list((tmp_path / "user_skills").iterdir()) == []
