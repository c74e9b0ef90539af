"""From the values an entry returned to a checked result."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from luaskills.engine.change_set import checked_change_set
from luaskills.errors import CallFailed, ResultInvalid
from luaskills.types import CallResult, Json
from luaskills.vulcan.call_tables import host_result as host_result_of

_MODES = {"truncate": "Truncate", "page": "Page"}


def parse_result(
    name: str,
    values: tuple[Any, ...],
    lua_type: Callable[[Any], str],
    to_json: Callable[[Any], Json],
    capabilities: object,
) -> CallResult:
    """The result in ``values``; raises ResultInvalid. ``capabilities`` are those of the client."""
    if not values:
        raise ResultInvalid(f"Lua skill '{name}' must return a plain string result")
    if len(values) > 4:
        raise ResultInvalid(f"Lua skill '{name}' must return content[, overflow_mode[, template_hint[, host_result]]]")
    content, mode, hint, host_result = (*values, None, None, None)[:4]
    if not isinstance(content, str):
        raise ResultInvalid(
            "Tool results must be returned as plain strings. Structured JSON or table results are not supported. "
            f"(skill='{name}', actual_type='{lua_type(content)}')"
        )
    size, lines = measure(content)
    return CallResult(
        content=content,
        overflow_mode=_mode(name, mode),
        template_hint=_hint(name, hint),
        content_bytes=size,
        content_lines=lines,
        host_result=_host_result(name, host_result, to_json, _capability(capabilities)),
    )


def measure(content: str) -> tuple[int, int]:
    """Bytes and lines of a text after CRLF and CR became LF; nothing has no lines."""
    text = content.replace("\r\n", "\n").replace("\r", "\n") if "\r" in content else content
    size = len(text) if text.isascii() else len(text.encode("utf-8"))
    return size, text.count("\n") + 1 if text else 0


def _capability(capabilities: object) -> Mapping[str, Any]:
    """``client_capabilities.host_result`` as skills see it."""
    return host_result_of(capabilities.get("host_result") if isinstance(capabilities, Mapping) else None)


def _mode(name: str, mode: Any) -> str | None:
    if mode is None:
        return None
    if not isinstance(mode, str):
        raise ResultInvalid(f"Lua skill '{name}' must return overflow mode as a string constant")
    known = _MODES.get(mode.strip())
    if known is None:
        raise ResultInvalid(f"Lua skill '{name}' returned an unsupported overflow mode: {mode}")
    return known


def _hint(name: str, hint: Any) -> str | None:
    if hint is not None and not isinstance(hint, str):
        raise ResultInvalid(f"Lua skill '{name}' must return template_hint as a string")
    return hint if hint and hint.strip() else None


def _host_result(
    name: str, value: Any, to_json: Callable[[Any], Json], capability: Mapping[str, Any]
) -> Mapping[str, Json] | None:
    if value is None or not capability["enabled"]:
        return None
    try:
        result = to_json(value)
    except CallFailed as error:
        raise ResultInvalid(
            f"Lua skill '{name}' must return host_result as an object with kind and payload: {error}"
        ) from None
    if not isinstance(result, dict):
        raise ResultInvalid(f"Lua skill '{name}' must return host_result as an object with kind and payload")
    kind = result.get("kind")
    if not isinstance(kind, str) or not kind.strip():
        raise ResultInvalid(f"Lua skill '{name}' must return host_result.kind as one non-empty string")
    kind = kind.strip()
    allowed = capability["allowed_kinds"]
    if allowed and kind not in allowed:
        raise ResultInvalid(f"Lua skill '{name}' returned host_result.kind '{kind}' which is not allowed by the host")
    if result.get("payload") is None:
        raise ResultInvalid(f"Lua skill '{name}' must return host_result.payload when host_result is enabled")
    payload = result["payload"]
    if kind == "change_set":
        payload = checked_change_set(name, payload, lambda given: _check_size(name, given, capability))
    else:
        _check_size(name, payload, capability)
    return {"kind": kind, "payload": payload}


def _check_size(name: str, payload: Json, capability: Mapping[str, Any]) -> None:
    limit = capability["max_payload_bytes"]
    if limit is None:
        return
    size = len(json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode("utf-8"))
    if size > limit:
        raise ResultInvalid(
            f"Lua skill '{name}' returned host_result payload {size} bytes larger than host limit {limit}"
        )
