"""Tools as they go over the wire."""

from __future__ import annotations

from typing import Any

import msgspec

from pharia_kernel.csi import types as csi


class ToolArgument(msgspec.Struct, frozen=True):
    name: str
    value: msgspec.Raw
    """Any JSON value; tools get it without a blank, and otherwise as it was written."""


class ToolRequest(msgspec.Struct, frozen=True):
    name: str
    arguments: tuple[ToolArgument, ...]

    def neutral(self) -> csi.ToolRequest:
        return csi.ToolRequest(
            self.name, tuple((one.name, msgspec.json.format(bytes(one.value), indent=-1)) for one in self.arguments)
        )


class InvokeTools(msgspec.Struct, frozen=True):
    namespace: str
    requests: tuple[ToolRequest, ...]


class ListTools(msgspec.Struct, frozen=True):
    namespace: str


class ToolText(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    text: str


class Tool(msgspec.Struct, frozen=True):
    name: str
    description: str
    input_schema: Any


def result(answer: csi.ToolResult) -> list[ToolText] | str:
    """A text in place of a list says why the tool failed."""
    return [ToolText(text) for text in answer.texts] if isinstance(answer, csi.ToolOutput) else answer.message


def tools(found: list[csi.ToolInfo]) -> list[Tool]:
    return sorted((Tool(tool.name, tool.description, tool.schema) for tool in found), key=lambda tool: tool.name)
