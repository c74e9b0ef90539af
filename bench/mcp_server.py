"""``python -m bench.mcp_server PORT``: a tool that adds, made with the official SDK."""

from __future__ import annotations

import logging
import sys

from mcp.server.fastmcp import FastMCP


def main(port: int) -> None:
    server = FastMCP("sums", host="127.0.0.1", port=port, log_level="CRITICAL")

    @server.tool(structured_output=False)
    async def add(a: int, b: int) -> str:
        return str(a + b)

    logging.disable(logging.CRITICAL)
    server.run("streamable-http")


if __name__ == "__main__":
    main(int(sys.argv[1]))
