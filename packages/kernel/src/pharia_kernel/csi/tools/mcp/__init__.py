"""Tools of MCP servers. The SDK is imported only where a server is configured."""

from pharia_kernel.csi.tools.mcp.link import ServerStatus
from pharia_kernel.csi.tools.mcp.merged import ToolConflict
from pharia_kernel.csi.tools.mcp.servers import HttpServer, McpOptions, McpServer, Secret, StdioServer
from pharia_kernel.csi.tools.mcp.tools import McpStatus, McpTools

__all__ = [
    "HttpServer",
    "McpOptions",
    "McpServer",
    "McpStatus",
    "McpTools",
    "Secret",
    "ServerStatus",
    "StdioServer",
    "ToolConflict",
]
