"""Tool calls, each within its span. Never any content."""

from __future__ import annotations

from opentelemetry.trace import Tracer

from pharia_kernel.csi.span import operation_span
from pharia_kernel.csi.tools import Toolbox, ToolScope
from pharia_kernel.csi.types import ToolError, ToolInfo, ToolRequest, ToolResult
from pharia_kernel.telemetry import genai


async def traced_tool(tracer: Tracer, tools: Toolbox, scope: ToolScope, request: ToolRequest) -> ToolResult:
    """The span is the current one for what is asked over HTTP."""
    attributes = {"tool_name": request.name, genai.OPERATION: genai.EXECUTE_TOOL, genai.TOOL_NAME: request.name}
    with operation_span(tracer, "invoke_tool", attributes) as span:
        result = await tools.invoke(scope, request)
        if isinstance(result, ToolError):
            genai.failed(span, "tool-failed")
        return result


async def traced_list(tracer: Tracer, tools: Toolbox, scope: ToolScope) -> list[ToolInfo]:
    with operation_span(tracer, "list_tools", {"namespace": scope.namespace}):
        return await tools.list(scope)
