"""Answer ``vulcan.sqlite`` in the host, in place of the built-in provider."""

from __future__ import annotations

from typing import Any

from luaskills import LuaSkillsClient, LuaSkillsJsonFfi
from luaskills.examples.runtime_root import runtime_root


def answer(request: Any) -> Any:
    """A real provider looks at ``action``, ``binding`` and ``input``; what it answers goes to the skill unchanged."""
    return {"ok": True, "request": request}


def main() -> None:
    """Register the provider, make an engine that uses it, and free both."""
    ffi = LuaSkillsJsonFfi(runtime_root=runtime_root())
    ffi.set_sqlite_provider_json_callback(answer)
    try:
        host_options = {"sqlite_provider_mode": "host_callback", "sqlite_callback_mode": "json"}
        with LuaSkillsClient(runtime_root=runtime_root(), host_options=host_options):
            print("SQLite JSON provider callback registered before engine creation.")
    finally:
        ffi.clear_sqlite_provider_json_callback()


if __name__ == "__main__":
    main()
