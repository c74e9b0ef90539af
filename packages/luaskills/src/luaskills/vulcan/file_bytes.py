"""Whole files in and out, without hanging on pipes and devices and without following a link put there meanwhile."""

from __future__ import annotations

import os
import stat

from luaskills.errors import HostFunctionError
from luaskills.vulcan.policy import Policy


def os_failure(fn: str, error: OSError | ValueError, path: str) -> HostFunctionError:
    """The refusal for an error of the operating system."""
    if isinstance(error, OSError):
        return HostFunctionError(f"{fn}: {error.strerror} (os error {error.errno}): {path}")
    return HostFunctionError(f"{fn}: {error}: {path}")


def read_file(policy: Policy, fn: str, path: str) -> bytes:
    """The content of a file, at most `policy.file_bytes`; a pipe without data is an error, not a wait."""
    target = policy.file(fn, path, "read")
    try:
        descriptor = os.open(target, os.O_RDONLY | _flags(policy))
        with open(descriptor, "rb") as file:
            if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                raise IsADirectoryError(21, "Is a directory")
            content = file.read(policy.file_bytes + 1)
    except (OSError, ValueError) as error:
        raise os_failure(fn, error, path) from None
    if content is None:
        raise HostFunctionError(f"{fn}: nothing to read without waiting: {path}")
    if len(content) > policy.file_bytes:
        raise HostFunctionError(f"{fn}: file is larger than {policy.file_bytes} bytes: {path}")
    return content


def write_file(policy: Policy, fn: str, path: str, content: bytes, *, append: bool = False) -> None:
    """Create or replace (or extend) a file; its directory must exist."""
    target = policy.file(fn, path, "write")
    how = os.O_APPEND if append else os.O_TRUNC
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | how | _flags(policy), 0o666)
        with open(descriptor, "wb") as file:
            file.write(content)
    except (OSError, ValueError) as error:
        raise os_failure(fn, error, path) from None


def _flags(policy: Policy) -> int:
    flags = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    return flags | getattr(os, "O_NOFOLLOW", 0) if policy.locked else flags
