"""`vulcan.runtime.lua.exec`: code in a VM of its own, reported as Markdown."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from luaskills.context import CallContext, ExecOutcome, ExecRequest
from luaskills.errors import HostFunctionError
from luaskills.vulcan.arguments import Arguments, Tag, argument, checked_path, mapping, strict
from luaskills.vulcan.file_bytes import read_file
from luaskills.vulcan.policy import Policy

DEFAULT_TIMEOUT_MS = 60_000
DEFAULT_TASK = "Execute Lua runtime code"


class LuaExec:
    """The function for one VM."""

    def __init__(self, context: CallContext, policy: Policy) -> None:
        self._context, self._policy = context, policy

    def exec(self, given: Arguments) -> object:
        """Run `code` or `file` with `args`; what goes wrong inside is part of the document."""
        value = argument(given, 0)
        if value.tag == Tag.BAD:
            raise HostFunctionError(f"luaexec input is invalid: {value.value}")
        fields = mapping("runtime.lua.exec", "input", value)
        strict("runtime.lua.exec", "input", fields)
        request = self._request(fields)
        return document(_text(fields, "task") or DEFAULT_TASK, self._context.host.lua_exec(request, self._context))

    def _request(self, fields: Mapping[str, object]) -> ExecRequest:
        code, file = _text(fields, "code"), _text(fields, "file")
        if code is not None and file is not None:
            raise HostFunctionError("luaexec accepts either code or file, but not both")
        timeout_ms = _timeout(fields.get("timeout_ms", DEFAULT_TIMEOUT_MS))
        args = fields.get("args") or {}
        if not isinstance(args, Mapping):
            raise HostFunctionError("luaexec input is invalid: args must be a table of named values")
        if code is None and file is None:
            raise HostFunctionError("luaexec requires code or file")
        if file is None:
            return ExecRequest(code=code or "", args=dict(args), timeout_ms=timeout_ms)
        path = self._policy.absolute(checked_path("runtime.lua.exec", "file", file))
        try:
            content = read_file(self._policy, "fs.read", path).decode("utf-8")
        except (HostFunctionError, UnicodeDecodeError) as error:
            reason = str(error).removeprefix("fs.read: ")
            raise HostFunctionError(f"Failed to read luaexec file {path}: {reason}") from None
        return ExecRequest(code=content, args=dict(args), timeout_ms=timeout_ms, file=os.path.normpath(path))


def document(task: str, outcome: ExecOutcome) -> str:
    """The Markdown report of a run."""
    failed = outcome.error is not None
    sections = [
        "# Runtime Execution Error" if failed else "# Runtime Execution Result",
        f"## Task\n{task}",
        f"## Status\n{'FAILED' if failed else 'SUCCESS'}",
    ]
    printed = f"## Printed Output\n{_fenced('text', chr(10).join(outcome.printed))}" if outcome.printed else None
    if failed:
        sections.append(f"## Error\n{_fenced('text', outcome.error or '')}")
    if printed is not None:
        sections.append(printed)
    if not failed:
        values = outcome.values or (("nil", None),)
        returned = [f"{i}. \n{_value(kind, value)}" for i, (kind, value) in enumerate(values, start=1)]
        sections.append("## Returned Values\n" + "\n\n".join(returned))
    return "\n\n".join(sections)


def _value(kind: str, value: object) -> str:
    if kind == "string" and isinstance(value, str):
        return _fenced("text", value)
    return _fenced("json", json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False))


def _fenced(label: str, content: str) -> str:
    fence = "```"
    while fence in content:
        fence += "`"
    return f"{fence}{label}\n{content}\n{fence}"


def _text(fields: Mapping[str, object], name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise HostFunctionError(f"luaexec input is invalid: {name} must be a string")
    return value if value is None or value.strip() else None


def _timeout(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise HostFunctionError("luaexec input is invalid: timeout_ms must be a non-negative integer")
    if value <= 0:
        raise HostFunctionError("luaexec timeout_ms must be greater than 0")
    return value
