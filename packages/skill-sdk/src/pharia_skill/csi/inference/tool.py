"""Everything about tools, under the name skills import it from."""

from pharia_skill.csi.inference.prompted_tools import (
    SYSTEM,
    _deserialize_tool_call,
    _remove_md_delimiters,
    _remove_md_prefix,
    _remove_md_suffix,
    _render_system,
    add_tools_to_system_prompt,
    could_be_tool_call,
    parse_tool_call,
)
from pharia_skill.csi.inference.tool_types import (
    InvokeRequest,
    Tool,
    ToolCallRequest,
    ToolError,
    ToolOutput,
    ToolResult,
)

__all__ = [
    "SYSTEM",
    "InvokeRequest",
    "Tool",
    "ToolCallRequest",
    "ToolError",
    "ToolOutput",
    "ToolResult",
    "_deserialize_tool_call",
    "_remove_md_delimiters",
    "_remove_md_prefix",
    "_remove_md_suffix",
    "_render_system",
    "add_tools_to_system_prompt",
    "could_be_tool_call",
    "parse_tool_call",
]
