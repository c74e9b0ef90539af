"""``python -m bench``: every comparison, one after the other, in one run. Ratios matter; machines differ."""

from __future__ import annotations

from bench import (
    byte_lists,
    chunking,
    fresh_call,
    lua,
    lua_http,
    quotas,
    released_sdk,
    search,
    tokens,
    tool_calls,
    waiting,
    warm_reuse,
)

if __name__ == "__main__":
    for comparison in (
        fresh_call,
        warm_reuse,
        waiting,
        byte_lists,
        tokens,
        chunking,
        search,
        tool_calls,
        quotas,
        lua,
        lua_http,
        released_sdk,
    ):
        comparison.main()
