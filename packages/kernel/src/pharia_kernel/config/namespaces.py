"""Settings of one namespace."""

from __future__ import annotations

from pharia_kernel.config.tables import DirectoryPath, Table, Words


class NamespaceSettings(Table):
    """One namespace: every component of a directory is a skill."""

    directory: DirectoryPath
    native_tools: Words = ()
