"""The orders of a shop, as an MCP server: ``python orders.py``, with the package ``mcp`` installed."""

from mcp.server.fastmcp import FastMCP

ORDERS = {"A-17": ("on its way", 19.9), "A-18": ("delivered", 5.1)}

server = FastMCP("orders", log_level="WARNING")


@server.tool()
def order_state(number: str) -> str:
    """Where an order is."""
    if number not in ORDERS:
        raise ValueError(f"there is no order {number}")
    return ORDERS[number][0]


@server.tool()
def order_price(number: str) -> float:
    """What an order costs, in euros."""
    return ORDERS[number][1]


if __name__ == "__main__":
    server.run("stdio")
