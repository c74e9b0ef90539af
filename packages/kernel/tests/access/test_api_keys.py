"""API keys: made, checked, revoked, followed."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pharia_kernel.access.keys import FileKeys, Key, edited, new_key, read_keys
from pharia_kernel.errors import ConfigError, TokenRefused
from pharia_kernel.types import Action, Rights

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def add(file: Path, *namespaces: str, expires: datetime | None = None, name: str = "test") -> tuple[Key, str]:
    key, token = new_key(name, namespaces or ("dev",), (Action.RUN,), NOW, expires)
    edited(file, lambda keys: (*keys, key))
    return key, token


def replace(file: Path, text: str | None) -> None:
    file.unlink(missing_ok=True)
    if text is not None:
        file.write_text(text)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.toml"


async def test_a_token_has_the_rights_of_its_key(file: Path) -> None:
    key, token = add(file, "dev", "prod")
    async with FileKeys(file) as keys:
        identity = await keys.identify(token)
    run = frozenset({Action.RUN})
    assert (identity.id, identity.rights) == (f"key:{key.id}", Rights({"dev": run, "prod": run}))
    assert not identity.forwarded


async def test_other_tokens_are_refused(file: Path) -> None:
    key, token = add(file)
    _, made_up = new_key("x", (), (), NOW, None)
    wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
    async with FileKeys(file) as keys:
        for other in (made_up, wrong, token.upper(), token + "A", f"phk_{key.id}_", key.hash, "", "é", "\0"):
            with pytest.raises(TokenRefused):
                await keys.identify(other)


async def test_a_key_ends_when_it_says(file: Path) -> None:
    _, token = add(file, expires=NOW)
    before = FileKeys(file, now=lambda: NOW - timedelta(seconds=1))
    after = FileKeys(file, now=lambda: NOW)
    async with before, after:
        assert await before.identify(token)
        with pytest.raises(TokenRefused) as caught:
            await after.identify(token)
    assert caught.value.reason.endswith("has expired")


def test_the_file_does_not_hold_what_the_holder_has(file: Path) -> None:
    _, token = add(file)
    assert token.split("_", 2)[2] not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


def test_what_is_written_is_read_again(file: Path) -> None:
    key, _ = add(file, "*", name='ünï "quoted" \\ 🎉', expires=NOW)
    assert read_keys(file) == (key,)


def test_who_could_read_the_file_still_can_after_a_change(file: Path) -> None:
    add(file)
    file.chmod(0o640)
    add(file)
    assert file.stat().st_mode & 0o777 == 0o640
    assert len(read_keys(file)) == 2


def test_a_change_that_fails_changes_nothing(file: Path) -> None:
    add(file)
    before = file.read_bytes()

    def fail(keys: tuple[Key, ...]) -> list[Key]:
        raise ConfigError("no")

    with pytest.raises(ConfigError, match="no"):
        edited(file, fail)
    assert file.read_bytes() == before
    assert {path.name for path in file.parent.iterdir()} == {"keys.toml", ".keys.toml.lock"}


GOOD = f"""
id = "0123456789ab"
name = "a"
salt = "{"0" * 32}"
hash = "{"0" * 64}"
namespaces = ["dev"]
actions = ["run"]
"""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("key = 5", "Expected `array`"),
        ("[[keys]]", "unknown field `keys`"),
        ("[[key]]\nid = ", "Invalid value"),
        (f'[[key]]\n{GOOD}created = "2030-01-01T00:00:00"', "timezone"),
        (f"[[key]]\n{GOOD}created = 2030-01-01T00:00:00Z\nexpire = 1", "unknown field `expire`"),
        (f"[[key]]\n{GOOD}created = 2030-01-01T00:00:00Z\n" * 2, "two keys have the same id"),
        (f"[[key]]\n{GOOD}created = 2030-01-01T00:00:00Z".replace('"dev"', '"Not_A_Name"'), "Invalid namespace"),
        (f"[[key]]\n{GOOD}created = 2030-01-01T00:00:00Z".replace('"run"', '"everything"'), "everything"),
    ],
)
def test_a_wrong_file_is_refused_with_the_reason(file: Path, text: str, reason: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_keys(file)
    assert str(caught.value).startswith(f"API keys {file}: ")
    assert reason in str(caught.value)


def test_a_file_that_everybody_may_write_is_refused(file: Path) -> None:
    add(file)
    file.chmod(0o646)
    with pytest.raises(ConfigError, match=r"everybody may write it \(chmod o-w"):
        read_keys(file)


async def test_a_kernel_does_not_start_without_its_keys(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"No such file.*pharia-kernel keys new"):
        async with FileKeys(file):
            pass


async def test_changes_of_the_file_are_followed(file: Path) -> None:
    key, token = add(file)
    async with FileKeys(file, look_seconds=3600) as keys:
        _, later = add(file)
        keys.look()
        assert await keys.identify(token)
        assert await keys.identify(later)
        edited(file, lambda all: [one for one in all if one.id != key.id])
        keys.look()
        with pytest.raises(TokenRefused):
            await keys.identify(token)
        assert await keys.identify(later)


async def test_changes_are_noticed_without_being_told(file: Path) -> None:
    add(file)
    async with FileKeys(file, look_seconds=0.001) as keys:
        _, later = add(file)
        while True:
            try:
                assert (await keys.identify(later)).id
                break
            except TokenRefused:
                await asyncio.sleep(0)


@pytest.mark.parametrize("broken", ["key = 5", None])
async def test_a_broken_file_leaves_the_last_good_keys(
    file: Path, broken: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    _, token = add(file)
    async with FileKeys(file, look_seconds=3600) as keys:
        replace(file, broken)
        for _ in range(3):
            keys.look()
        assert await keys.identify(token)
        (record,) = caplog.records
        assert record.getMessage().startswith("the last good API keys stay in force: ")
        replace(file, "")
        keys.look()
        with pytest.raises(TokenRefused):
            await keys.identify(token)
