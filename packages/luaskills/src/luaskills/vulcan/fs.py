"""`vulcan.fs`: files and directories."""

from __future__ import annotations

import base64
import binascii
import os
import shutil
import stat
from collections.abc import Mapping

from luaskills.errors import HostFunctionError
from luaskills.vulcan.arguments import (
    Arguments,
    argument,
    byte_string,
    flag,
    options,
    path_text,
    text,
)
from luaskills.vulcan.file_bytes import os_failure, read_file, write_file
from luaskills.vulcan.fs_copy import copy_entry
from luaskills.vulcan.function import HostFunction
from luaskills.vulcan.policy import Policy


class FileSystem:
    """The functions of `vulcan.fs` for one VM."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def functions(self) -> Mapping[str, HostFunction]:
        """The table, by function name."""
        return {
            "list": self.list,
            "read": self.read,
            "write": self.write,
            "exists": self.exists,
            "is_dir": self.is_dir,
            "read_bytes": self.read_bytes,
            "write_bytes": self.write_bytes,
            "rename": self.rename,
            "copy": self.copy,
            "remove": self.remove,
            "mkdir": self.mkdir,
            "stat": self.stat,
        }

    def list(self, given: Arguments) -> object:
        """Names in a directory."""
        path = path_text("fs.list", "path", argument(given, 0))
        try:
            return [os.fsencode(name) for name in sorted(os.listdir(self._policy.file("fs.list", path, "read")))]
        except OSError as error:
            raise os_failure("fs.list", error, path) from None

    def read(self, given: Arguments) -> object:
        """A whole UTF-8 file."""
        path = path_text("fs.read", "path", argument(given, 0))
        content = read_file(self._policy, "fs.read", path)
        try:
            content.decode("utf-8")
        except UnicodeDecodeError:
            raise HostFunctionError(f"fs.read: stream did not contain valid UTF-8: {path}") from None
        return content

    def write(self, given: Arguments) -> object:
        """Create or replace a file with a text, which may be empty."""
        path = path_text("fs.write", "path", argument(given, 0))
        write_file(self._policy, "fs.write", path, text("fs.write", "content", argument(given, 1)).encode())
        return True

    def read_bytes(self, given: Arguments) -> object:
        """A whole file as base64."""
        path = path_text("fs.read_bytes", "path", argument(given, 0))
        return base64.b64encode(read_file(self._policy, "fs.read_bytes", path))

    def write_bytes(self, given: Arguments) -> object:
        """Create or replace a file with what a base64 text holds."""
        path = path_text("fs.write_bytes", "path", argument(given, 0))
        try:
            content = base64.b64decode(byte_string("fs.write_bytes", "content", argument(given, 1)), validate=True)
        except (binascii.Error, ValueError) as error:
            raise HostFunctionError(f"fs.write_bytes: base64 decode failed: {error}") from None
        write_file(self._policy, "fs.write_bytes", path, content)
        return True

    def exists(self, given: Arguments) -> object:
        """Whether the path leads to something."""
        path = path_text("fs.exists", "path", argument(given, 0))
        return os.path.exists(self._policy.file("fs.exists", path, "read"))

    def is_dir(self, given: Arguments) -> object:
        """Whether the path leads to a directory."""
        path = path_text("fs.is_dir", "path", argument(given, 0))
        return os.path.isdir(self._policy.file("fs.is_dir", path, "read"))

    def rename(self, given: Arguments) -> object:
        """Move an entry on its volume; what stands at the destination goes as the system does it."""
        source = path_text("fs.rename", "source", argument(given, 0))
        destination = path_text("fs.rename", "destination", argument(given, 1))
        try:
            os.replace(
                self._policy.entry("fs.rename", source, "write"), self._policy.entry("fs.rename", destination, "write")
            )
        except OSError as error:
            raise os_failure("fs.rename", error, source) from None
        return True

    def copy(self, given: Arguments) -> object:
        """Copy a file or a tree; false when the destination exists and is not to be replaced."""
        source = path_text("fs.copy", "source", argument(given, 0))
        destination = path_text("fs.copy", "destination", argument(given, 1))
        overwrite = flag("fs.copy", "overwrite", options("fs.copy", argument(given, 2)))
        return copy_entry(self._policy, source, destination, overwrite=overwrite)

    def remove(self, given: Arguments) -> object:
        """Remove a file, link, or directory; false when it is not there. A link goes, never its target."""
        path = path_text("fs.remove", "path", argument(given, 0))
        recursive = flag("fs.remove", "recursive", options("fs.remove", argument(given, 1)))
        target = self._policy.entry("fs.remove", path, "write")
        try:
            if not os.path.lexists(target):
                return False
            if os.path.islink(target) or not os.path.isdir(target):
                os.unlink(target)
            elif recursive:
                shutil.rmtree(target)
            else:
                os.rmdir(target)
        except OSError as error:
            raise os_failure("fs.remove", error, path) from None
        return True

    def mkdir(self, given: Arguments) -> object:
        """Make a directory; false when it is there already."""
        path = path_text("fs.mkdir", "path", argument(given, 0))
        recursive = flag("fs.mkdir", "recursive", options("fs.mkdir", argument(given, 1)))
        target = self._policy.file("fs.mkdir", path, "write")
        if os.path.isdir(target):
            return False
        if os.path.lexists(target):
            raise HostFunctionError(f"fs.mkdir: target already exists and is not a directory: {path}")
        try:
            if recursive:
                os.makedirs(target, exist_ok=True)
            else:
                os.mkdir(target)
        except OSError as error:
            raise os_failure("fs.mkdir", error, path) from None
        return True

    def stat(self, given: Arguments) -> object:
        """What stands at a path, links not followed; nil when nothing does."""
        path = path_text("fs.stat", "path", argument(given, 0))
        target = self._policy.entry("fs.stat", path, "read")
        try:
            found = os.lstat(target)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise os_failure("fs.stat", error, path) from None
        mode = found.st_mode
        kinds = (("file", stat.S_ISREG(mode)), ("dir", stat.S_ISDIR(mode)), ("symlink", stat.S_ISLNK(mode)))
        kind = next((name for name, holds in kinds if holds), "other")
        return {
            "kind": kind,
            "is_file": kind == "file",
            "is_dir": kind == "dir",
            "is_symlink": kind == "symlink",
            "readonly": not mode & 0o222,
            "size": found.st_size if kind == "file" else None,
            "modified_unix_ms": found.st_mtime_ns // 1_000_000,
        }
