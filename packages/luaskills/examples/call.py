"""Call an entry, and run Lua code with arguments and an invocation context."""

from __future__ import annotations

from fixture import TOOL, fixture_client

from luaskills import LuaInvocationContext

CODE = """
local context = vulcan.context
return {
  note = args.note,
  transport = context.request.transport_name,
  budget = context.client_budget.tool_result.bytes,
  mode = context.tool_config.mode,
}
"""
CONTEXT = LuaInvocationContext(
    request_context={"request_id": "example", "transport_name": "python"},
    client_budget={"tool_result": {"bytes": 4096, "lines": 100}},
    tool_config={"mode": "example"},
)


def main() -> None:
    """Print both results."""
    with fixture_client() as (client, _):
        print("Call content:", client.call_skill(TOOL, {"note": "python-call"}, CONTEXT)["content"])
        print("Run Lua result:", client.run_lua(CODE, {"note": "python-run"}, CONTEXT))


if __name__ == "__main__":
    main()
