"""`vulcan.fs.copy`: files and trees, judged by where paths lead after symbolic links."""

from __future__ import annotations

import os
import shutil
import stat

from luaskills.errors import HostFunctionError
from luaskills.vulcan.file_bytes import os_failure
from luaskills.vulcan.policy import Policy

FN = "fs.copy"


def copy_entry(policy: Policy, source: str, destination: str, *, overwrite: bool) -> bool:
    """Copy `source` to `destination` with permissions; a tree with links in it is refused before anything is written.

    False: something (a dangling link counts) stands at the destination and `overwrite` is not set.
    """
    origin = policy.file(FN, source, "read")
    target = policy.entry(FN, destination, "write")
    try:
        found = os.stat(origin)
        _apart(os.path.realpath(origin), target, source, destination, tree=stat.S_ISDIR(found.st_mode))
        if os.path.lexists(target):
            if not overwrite:
                return False
            _refuse_links(origin)
            _copy_over(origin, target)
        else:
            _refuse_links(origin)
            _copy_new(origin, target)
    except (OSError, shutil.Error) as error:
        if isinstance(error, OSError) and error.strerror:
            raise os_failure(FN, error, source) from None
        raise HostFunctionError(f"{FN}: {error}") from None
    return True


def _apart(origin: str, target: str, source: str, destination: str, *, tree: bool) -> None:
    real = os.path.join(os.path.realpath(os.path.dirname(target)), os.path.basename(target))
    if os.path.dirname(os.path.normpath(target)) == os.path.normpath(target):
        raise HostFunctionError(f"{FN}: destination path must not be one filesystem root: {destination}")
    if origin in (real, os.path.realpath(target)):
        raise HostFunctionError(f"{FN}: source and destination must differ: {source}")
    if tree and (real + os.sep).startswith(origin.rstrip(os.sep) + os.sep):
        raise HostFunctionError(f"{FN}: destination directory must not be inside source directory: {destination}")
    if (origin + os.sep).startswith(real + os.sep) and os.path.isdir(real):
        raise HostFunctionError(f"{FN}: source and destination must differ: {source}")


def _refuse_links(origin: str) -> None:
    for folder, directories, files in os.walk(origin):
        for name in directories + files:
            path = os.path.join(folder, name)
            if os.path.islink(path):
                raise HostFunctionError(f"{FN}: symbolic-link entries are not supported inside directory trees: {path}")
            if not stat.S_ISREG(os.lstat(path).st_mode) and not os.path.isdir(path):
                raise HostFunctionError(f"{FN}: only files and directories can be copied: {path}")


def _copy_new(origin: str, target: str) -> None:
    if os.path.isdir(origin):
        try:
            shutil.copytree(origin, target, symlinks=True, copy_function=shutil.copy)
        except BaseException:
            shutil.rmtree(target, ignore_errors=True)
            raise
        return
    if not stat.S_ISREG(os.stat(origin).st_mode):
        raise HostFunctionError(f"{FN}: only files and directories can be copied: {origin}")
    shutil.copy(origin, target)


def _copy_over(origin: str, target: str) -> None:
    """The new copy is complete beside the old one before the old one goes."""
    fresh = f"{target}.luaskills-copy-{os.getpid()}"
    if os.path.lexists(fresh):
        raise HostFunctionError(f"{FN}: a copy to this destination is under way: {target}")
    _copy_new(origin, fresh)
    try:
        if os.path.isdir(target) and not os.path.islink(target):
            shutil.rmtree(target)
        elif os.path.isdir(fresh):
            os.unlink(target)
        os.replace(fresh, target)
    except BaseException:
        if os.path.isdir(fresh):
            shutil.rmtree(fresh, ignore_errors=True)
        elif os.path.exists(fresh):
            os.unlink(fresh)
        raise
