from __future__ import annotations

import pytest

from pharia_kernel.csi.types import ToolError, ToolInfo, ToolOutput, ToolRequest

from .guest import SPLIT, Guest, on
from .scripted_csi import ScriptedCsi


@on(*SPLIT)
async def test_tools_are_invoked_together_and_their_errors_are_values(guest: Guest) -> None:
    csi = ScriptedCsi(invoke_tools=[ToolOutput(("3", "drei ✓")), ToolError("unknown tool"), ToolOutput(())])
    arguments = [{"name": "a", "value": "1"}, {"name": "b", "value": '{"x": \xff'}]
    requests = [
        {"tool_name": "add", "arguments": arguments},
        {"tool_name": "nothing", "arguments": []},
        {"tool_name": "silent", "arguments": []},
    ]
    (given, again) = await guest.do(csi, ["call", "tool", "invoke-tool", requests], ["count"])
    assert given == [{"ok": [{"text": "3"}, {"text": "drei ✓"}]}, {"err": "unknown tool"}, {"ok": []}]
    assert again == 1
    add = ToolRequest("add", (("a", b"1"), ("b", b'{"x": \xff')))
    assert csi.asked == [("invoke_tools", [add, ToolRequest("nothing", ()), ToolRequest("silent", ())])]


@on(*SPLIT)
async def test_two_tool_calls_in_one_run_both_come_back(guest: Guest) -> None:
    csi = ScriptedCsi(invoke_tools=[ToolOutput(("3",))])
    call = ["call", "tool", "invoke-tool", [{"tool_name": "add", "arguments": []}]]
    assert await guest.do(csi, call, call) == [[{"ok": [{"text": "3"}]}]] * 2


@on(*SPLIT)
@pytest.mark.parametrize("tools", [[], [ToolInfo("a", "", {"type": "object"}), ToolInfo("b", "does b", True)]])
async def test_tools_are_listed(guest: Guest, tools: list[ToolInfo]) -> None:
    csi = ScriptedCsi(list_tools=tools)
    given = [
        {"name": "a", "description": "", "input_schema": '{"type":"object"}'},
        {"name": "b", "description": "does b", "input_schema": "true"},
    ]
    assert await guest.do(csi, ["call", "tool", "list-tools"]) == [given[: len(tools)]]
    assert csi.asked == [("list_tools", None)]
