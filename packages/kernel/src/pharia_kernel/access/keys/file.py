"""The file of API keys: TOML, one table ``[[key]]`` each."""

from __future__ import annotations

import json
import os
import stat
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from pharia_kernel.access.keys.key import Key
from pharia_kernel.errors import ConfigError, InvalidNamespace
from pharia_kernel.types import ANY_NAMESPACE, check_namespace

_HEAD = "# Written by `pharia-kernel keys`. Nobody can use a key who only has this file.\n"


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key: tuple[Key, ...] = ()


def read_keys(file: Path) -> tuple[Key, ...]:
    """Raises :class:`ConfigError` for a file that can not be read, is wrong, or that everybody may change."""
    try:
        with file.open("rb") as stream:
            if os.name == "posix" and os.fstat(stream.fileno()).st_mode & stat.S_IWOTH:
                raise ConfigError(f"API keys {file}: everybody may write it (chmod o-w {file})")
            keys = msgspec.convert(tomllib.load(stream), _File).key
    except OSError as error:
        raise ConfigError(
            f"API keys {file}: {error.strerror} (make a key with: pharia-kernel keys new NAME)"
        ) from error
    except (ValueError, msgspec.ValidationError) as error:
        raise ConfigError(f"API keys {file}: {error}") from error
    _check(file, keys)
    return keys


def edited(file: Path, edit: Callable[[tuple[Key, ...]], Sequence[Key]]) -> None:
    """Replace the keys by what ``edit`` makes of them, at once; a file that does not exist has none.

    Two programs that edit do so one after the other. Raises :class:`ConfigError`.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with _alone(file):
            keys = edit(read_keys(file) if file.exists() else ())
            _write(file, _HEAD + "".join(_table(key) for key in keys))
    except OSError as error:
        raise ConfigError(f"API keys {file}: can not be written: {error.strerror}") from error


def _check(file: Path, keys: Sequence[Key]) -> None:
    if len({key.id for key in keys}) < len(keys):
        raise ConfigError(f"API keys {file}: two keys have the same id")
    for key in keys:
        for namespace in key.namespaces:
            if namespace == ANY_NAMESPACE:
                continue
            try:
                check_namespace(namespace)
            except InvalidNamespace as error:
                raise ConfigError(f"API keys {file}: key {key.id}: {error}") from None


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """A lock of its own file, since the file itself is replaced."""
    try:
        import fcntl  # POSIX alone has it
    except ImportError:
        yield
        return
    with file.with_name(f".{file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(file: Path, text: str) -> None:
    """Readers see the whole old file or the whole new one."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=f".{file.name}.", delete=False) as stream:
        try:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
            if file.exists():  # who could read it can still
                os.chmod(stream.name, stat.S_IMODE(file.stat().st_mode))
            os.replace(stream.name, file)
        except BaseException:
            os.unlink(stream.name)
            raise


def _table(key: Key) -> str:
    lines = [f"{name} = {_toml(value)}" for name, value in msgspec.to_builtins(key).items() if value is not None]
    return "\n[[key]]\n" + "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    """Texts and lists of JSON are TOML too."""
    return json.dumps(value, ensure_ascii=False)
