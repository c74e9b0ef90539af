"""Offer a tool of the host to Lua code."""

from __future__ import annotations

import json
from typing import Any

from luaskills import HostToolJsonRequest, LuaSkillsClient, LuaSkillsJsonFfi
from luaskills.examples.runtime_root import runtime_root

TOOLS = {"model.embed": "a vector for a text, always the same one"}
CODE = """
return {
  tool_count = #vulcan.host.list(),
  has_embed = vulcan.host.has("model.embed"),
  has_missing = vulcan.host.has("no.such.tool"),
  result = vulcan.host.call("model.embed", { input = args.input }),
}
"""


def answer(request: HostToolJsonRequest) -> Any:
    """Answer ``list``, ``has`` and ``call`` of ``vulcan.host``."""
    name = request["tool_name"]
    if request["action"] == "list":
        return [{"name": tool, "description": text} for tool, text in TOOLS.items()]
    if request["action"] == "has":
        return name in TOOLS
    if name not in TOOLS:
        return {"ok": False, "error": {"code": "tool_not_found", "message": f"there is no tool {name}"}}
    return {"ok": True, "value": {"input": request["args"]["input"], "embedding": [0.25, 0.5, 0.75]}}


def main() -> None:
    """Run Lua code that uses the tool, and print what it found."""
    ffi = LuaSkillsJsonFfi(runtime_root=runtime_root())
    ffi.set_host_tool_json_callback(answer)
    try:
        with LuaSkillsClient(runtime_root=runtime_root()) as client:
            found = client.run_lua(CODE, {"input": "hello"})
    finally:
        ffi.clear_host_tool_json_callback()
    print(json.dumps(found, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
