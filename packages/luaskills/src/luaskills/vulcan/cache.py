"""`vulcan.cache`: values that outlive a call, in memory, each visible to the tool that put it there."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from luaskills.context import CallContext
from luaskills.errors import HostFunctionError
from luaskills.vulcan.arguments import Argument, Arguments, Tag, argument, filled_text
from luaskills.vulcan.function import HostFunction
from luaskills.vulcan.json import value_of

MAX_ENTRIES = 1000
DEFAULT_TTL_SECONDS = 1800
MAX_TTL_SECONDS = 86_400
MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Entry:
    scope: str
    content: str
    expires: float


class Cache:
    """The store of one engine; a full one (entries, or 64 MiB of text) drops its oldest. Safe for several threads."""

    def __init__(self, max_entries: int, max_ttl_seconds: int, now: Callable[[], float] = time.monotonic) -> None:
        self._max_entries, self._max_ttl, self._now = max(1, max_entries), max(1, max_ttl_seconds), now
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._count = 0
        self._bytes = 0

    def put(self, scope: str, content: str, ttl_seconds: float) -> str:
        """Keep a JSON text for 1 … max seconds; returns its id. Raises `HostFunctionError` for one over the bound."""
        if len(content) > MAX_BYTES:
            raise HostFunctionError(f"cache.put: value is larger than {MAX_BYTES} bytes")
        with self._lock:
            self._count += 1
            key = f"tc-{time.time_ns() // 1_000_000}-{self._count}"
            if self._full(content):
                self._drop_expired()
            while self._full(content):
                self._drop(next(iter(self._entries)))
            self._bytes += len(content)
            self._entries[key] = _Entry(scope, content, self._now() + min(max(ttl_seconds, 1), self._max_ttl))
            return key

    def get(self, scope: str, key: str) -> str | None:
        """The JSON text, None when it is unknown, expired or of another scope."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or entry.scope != scope:
                return None
            if entry.expires <= self._now():
                self._drop(key)
                return None
            return entry.content

    def delete(self, scope: str, key: str) -> bool:
        """Forget an entry of the scope."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or entry.scope != scope:
                return False
            self._drop(key)
            return entry.expires > self._now()

    def _full(self, content: str) -> bool:
        return len(self._entries) >= self._max_entries or self._bytes + len(content) > MAX_BYTES

    def _drop(self, key: str) -> None:
        self._bytes -= len(self._entries.pop(key).content)

    def _drop_expired(self) -> None:
        now = self._now()
        for key in [key for key, entry in self._entries.items() if entry.expires <= now]:
            self._drop(key)


def cache_of(context: CallContext) -> Cache:
    """The store of the context's engine, with the limits of its host option `cache_config`."""
    config = context.options.get("cache_config")
    limits = config if isinstance(config, Mapping) else {}

    def limit(name: str, default: int) -> int:
        value = limits.get(name)
        return value if isinstance(value, int) else default

    return context.host.shared.get(
        "vulcan.cache", lambda: Cache(limit("max_entries", MAX_ENTRIES), limit("max_ttl_secs", MAX_TTL_SECONDS))
    )


class CacheTable:
    """The functions of `vulcan.cache` for one VM."""

    def __init__(self, context: CallContext) -> None:
        self._context, self._cache = context, cache_of(context)

    def functions(self) -> Mapping[str, HostFunction]:
        """The table, by function name."""
        return {"put": self.put, "get": self.get, "delete": self.delete}

    def put(self, given: Arguments) -> object:
        """Keep a JSON-able value; returns its id."""
        value = value_of("cache.put", "value", argument(given, 0))
        return self._cache.put(self._scope(), json.dumps(value), self._ttl(argument(given, 1)))

    def get(self, given: Arguments) -> object:
        """The value, or nil."""
        content = self._cache.get(self._scope(), filled_text("cache.get", "id", argument(given, 0)))
        return None if content is None else json.loads(content)

    def delete(self, given: Arguments) -> object:
        """Whether something was removed."""
        return self._cache.delete(self._scope(), filled_text("cache.delete", "id", argument(given, 0)))

    def _scope(self) -> str:
        skill = self._context.skill
        return (skill.tool_name or skill.skill_id) if skill is not None else "__runtime"

    def _ttl(self, given: Argument) -> float:
        if given.absent:
            config = self._context.options.get("cache_config")
            default = config.get("default_ttl_secs") if isinstance(config, Mapping) else None
            return default if isinstance(default, int) else DEFAULT_TTL_SECONDS
        value = given.value
        number = given.tag in (Tag.INTEGER, Tag.NUMBER)
        if not number or not isinstance(value, int | float) or not (value >= 0 and value % 1 == 0):
            raise HostFunctionError(f"cache.put: ttl_seconds must be a non-negative integer: {given.type_name}")
        return float(value)
