"""Adds and subtracts with the tools of its namespace, after a look at what tools there are."""

from pydantic import RootModel

from pharia_skill import Csi, skill


class Number(RootModel[int]):
    pass


@skill
def arithmetic(csi: Csi, input: Number) -> Number:
    """Come to 42."""
    names = [tool.name for tool in csi.list_tools()]
    if names != ["add", "saboteur", "search", "subtract"]:
        raise ValueError(f"these are other tools: {names}")
    sum = int(csi.invoke_tool("add", a=input.root, b=50).text())
    return Number(int(csi.invoke_tool("subtract", a=sum, b=10).text()))
