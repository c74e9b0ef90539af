"""An agent that answers questions about orders with the tools of its namespace, and one of its own.

The tools come from MCP servers; ``examples/tools/orders.py`` is one. See ``docs/tools.md`` for how to connect it.
"""

import pharia_skill
from pharia_skill import AgentInput, Csi, MessageWriter, tool

SYSTEM = "You work at the help desk of a shop. Look things up before you answer."


@tool
def add_up(prices: list[float]) -> str:
    """Add up prices.

    Args:
        prices: In euros.
    """
    return f"{sum(prices):.2f} euros"


@pharia_skill.agent
def agent(csi: Csi, writer: MessageWriter[None], input: AgentInput) -> None:
    """Answer questions about orders."""
    messages = input.as_chat_messages(SYSTEM)
    tools = [add_up, *csi.list_tools()]
    with csi.chat_stream("gpt-4o-mini", messages, tools=tools, max_rounds=8) as response:
        writer.forward_response(response)
