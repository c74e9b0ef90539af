"""What ``host_result`` of a call holds. At run time these are ordinary dicts."""

from __future__ import annotations

from typing import Any, Literal, TypedDict


class RuntimeChangeSetLine(TypedDict):
    """One line of a file; ``line`` counts from 1."""

    line: int
    content: str


class RuntimeChangeSetHunk(TypedDict):
    """Lines deleted and inserted between two lines of context."""

    before: str
    delete: list[RuntimeChangeSetLine]
    insert: list[RuntimeChangeSetLine]
    after: str


class RuntimeChangeSetDiagnostic(TypedDict):
    """A remark about a change set."""

    level: str
    message: str


class RuntimeChangeSetFile(TypedDict, total=False):
    """One changed file; a rename has ``old_path`` and ``new_path``, the others ``path``."""

    change: Literal["create", "modify", "delete", "rename"]
    path: str
    old_path: str
    new_path: str
    content: str
    hunks: list[RuntimeChangeSetHunk]
    patch: str | None


class RuntimeChangeSetPayload(TypedDict, total=False):
    """Changes of files, shown or done."""

    mode: Literal["preview", "applied"]
    summary: str | None
    files: list[RuntimeChangeSetFile]
    diagnostics: list[RuntimeChangeSetDiagnostic]


class RuntimeHostResult(TypedDict):
    """A structured result beside the text."""

    kind: str
    payload: Any


class RuntimeChangeSetHostResult(TypedDict):
    """A change set as host result."""

    kind: Literal["change_set"]
    payload: RuntimeChangeSetPayload
