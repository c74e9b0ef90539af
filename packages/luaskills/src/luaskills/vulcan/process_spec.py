"""The table that describes a process, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from luaskills.errors import HostFunctionError
from luaskills.vulcan import shells
from luaskills.vulcan.arguments import Argument, Tag, checked_path, filled, json_type, text
from luaskills.vulcan.arguments import table as table_argument
from luaskills.vulcan.encodings import Encoding, encoding

EXEC = "process.exec"
SESSION = "process.session.open"


@dataclass(frozen=True, slots=True)
class Encodings:
    """Encodings of the three streams."""

    stdout: Encoding
    stderr: Encoding
    stdin: Encoding


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """What to start and how."""

    command: Sequence[str]
    cwd: str | None
    env: Mapping[str, str]
    encodings: Encodings
    stdin: str | None = None
    timeout_ms: int | None = None
    buffer_limit_bytes: int = 1_048_576


def exec_spec(given: Argument, default: Encoding) -> ProcessSpec:
    """The spec of `process.exec`: a command text or a table."""
    if given.tag == Tag.STRING:
        command = filled(EXEC, "command", text(EXEC, "command", given))
        return ProcessSpec(shells.command_line(None, command), None, {}, Encodings(default, default, default))
    if given.tag not in (Tag.TABLE, Tag.BAD):
        raise HostFunctionError(f"{EXEC}: expected a string or table, got {given.type_name}")
    fields = _fields(EXEC, given)
    stdin = fields.get("stdin")
    return ProcessSpec(
        command=_command(fields),
        cwd=_cwd(EXEC, fields),
        env=_env(EXEC, fields),
        encodings=_encodings(EXEC, fields, default),
        stdin=None if stdin is None else _string(EXEC, "stdin", stdin),
        timeout_ms=positive(EXEC, "timeout_ms", fields.get("timeout_ms")),
    )


def session_spec(given: Argument, default: Encoding) -> ProcessSpec:
    """The spec of `process.session.open`: a program and its surroundings."""
    fields = _fields(SESSION, given)
    program = checked_path(SESSION, "program", _string(SESSION, "program", fields.get("program")))
    limit = fields.get("buffer_limit_bytes")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit <= 0):
        raise HostFunctionError(f"{SESSION}: buffer_limit_bytes must be a positive integer: {json_type(limit)}")
    return ProcessSpec(
        command=[program, *_args(SESSION, fields.get("args"))],
        cwd=_cwd(SESSION, fields),
        env=_env(SESSION, fields),
        encodings=_encodings(SESSION, fields, default),
        buffer_limit_bytes=min(limit or 1_048_576, 64 * 1_048_576),
    )


def positive(fn: str, name: str, value: object) -> int | None:
    """A number of milliseconds of at least 1, None when it is not given."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise HostFunctionError(f"{fn}: {name} must be a positive integer in milliseconds: {json_type(value)}")
    return value


def _fields(fn: str, given: Argument) -> Mapping[str, object]:
    value = table_argument(fn, "spec", given)
    return value if isinstance(value, dict) else {}


def _command(fields: Mapping[str, object]) -> Sequence[str]:
    command, program, shell = fields.get("command"), fields.get("program"), fields.get("shell")
    if command is None and program is None:
        raise HostFunctionError(f"{EXEC}: expected a string command or a table with command")
    if command is not None and program is not None:
        raise HostFunctionError(f"{EXEC}: command and program are mutually exclusive")
    if shell is not None and not isinstance(shell, bool | str):
        raise HostFunctionError(f"{EXEC}: shell must be a boolean or string when provided: {json_type(shell)}")
    if program is not None:
        if shell is True:
            raise HostFunctionError(f"{EXEC}: shell=true requires command mode")
        if isinstance(shell, str):
            raise HostFunctionError(f'{EXEC}: shell="{shell}" requires command mode')
        checked = checked_path(EXEC, "program", _string(EXEC, "program", program))
        return [checked, *_args(EXEC, fields.get("args"))]
    if fields.get("args") is not None:
        raise HostFunctionError(f"{EXEC}: args is only supported with program mode")
    if shell is False:
        raise HostFunctionError(f"{EXEC}: shell=false cannot be used with command mode")
    line = filled(EXEC, "command", _string(EXEC, "command", command))
    return shells.command_line(shell if isinstance(shell, str) else None, line)


def _args(fn: str, value: object) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise HostFunctionError(f"{fn}: args must be an array, got {json_type(value)}")
    return [_scalar(fn, f"args[{i}]", item) for i, item in enumerate(value, start=1)]


def _env(fn: str, fields: Mapping[str, object]) -> dict[str, str]:
    value = fields.get("env")
    if value is None or value == []:
        return {}
    if not isinstance(value, Mapping):
        raise HostFunctionError(f"{fn}: env must be a table, got {json_type(value)}")
    for name in value:
        if not name or "=" in name or "\0" in name:
            raise HostFunctionError(f"{fn}: env has an invalid variable name `{name}`")
    return {name: _scalar(fn, f"env.{name}", item) for name, item in value.items()}


def _scalar(fn: str, name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    shown = _string(fn, name, value)
    if "\0" in shown:
        raise HostFunctionError(f"{fn}: {name} must not contain NUL bytes")
    return shown


def _string(fn: str, name: str, value: object) -> str:
    if not isinstance(value, str):
        raise HostFunctionError(f"{fn}: {name} must be a string, got {json_type(value)}")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise HostFunctionError(f"{fn}: {name} must be a valid UTF-8 string") from None
    return value


def _cwd(fn: str, fields: Mapping[str, object]) -> str | None:
    value = fields.get("cwd")
    return None if value is None else checked_path(fn, "cwd", _string(fn, "cwd", value))


def _encodings(fn: str, fields: Mapping[str, object], default: Encoding) -> Encodings:
    def chosen(name: str, otherwise: Encoding) -> Encoding:
        value = fields.get(name)
        if value is None:
            return otherwise
        try:
            return encoding(_string(fn, name, value))
        except HostFunctionError as error:
            raise HostFunctionError(f"{fn}: {name}: {str(error).removeprefix(f'{fn}: ')}") from None

    base = chosen("encoding", default)
    return Encodings(chosen("stdout_encoding", base), chosen("stderr_encoding", base), chosen("stdin_encoding", base))
