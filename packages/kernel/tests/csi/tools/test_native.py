"""The kernel's own tools."""

from __future__ import annotations

import pytest

from pharia_kernel.csi.tools import NativeTools, ToolScope
from pharia_kernel.csi.types import ToolError, ToolOutput, ToolRequest, ToolResult
from pharia_kernel.errors import ConfigError
from pharia_kernel.types import Caller


async def _invoke(name: str, namespace: str = "test-beta", **arguments: bytes) -> ToolResult:
    return await NativeTools({"dev": ["add"]}).invoke(
        ToolScope(namespace, Caller()), ToolRequest(name, tuple(arguments.items()))
    )


async def test_numbers_are_added_and_subtracted() -> None:
    assert await _invoke("add", a=b"1", b=b"2") == ToolOutput(("3",))
    assert await _invoke("subtract", a=b"1", b=b"2") == ToolOutput(("-1",))


async def test_the_saboteur_always_fails() -> None:
    assert await _invoke("saboteur") == ToolError("Out of cheese.")


async def test_a_missing_argument_is_named() -> None:
    assert await _invoke("add", a=b"1") == ToolError("Argument b not specified")


@pytest.mark.parametrize("value", [b"", b"{", b'"1"', b"1.5", b"null", b"2147483648", b"\xff", b"[" * 9999])
async def test_an_argument_of_another_kind_is_an_error_for_the_skill(value: bytes) -> None:
    result = await _invoke("add", a=value, b=b"1")
    assert isinstance(result, ToolError)
    assert result.message.startswith("Error deserializing argument a: ")


async def test_a_result_out_of_range_is_an_error_for_the_skill() -> None:
    result = await _invoke("add", a=b"2147483647", b=b"1")
    assert isinstance(result, ToolError)
    assert "2147483648" in result.message


async def test_more_arguments_than_needed_do_no_harm() -> None:
    assert await _invoke("add", a=b"1", b=b"2", c=b"{}") == ToolOutput(("3",))


async def test_a_tool_is_known_only_in_its_namespaces() -> None:
    assert await _invoke("add", "dev", a=b"1", b=b"2") == ToolOutput(("3",))
    for name, namespace in (("subtract", "dev"), ("add", "other"), ("unheard", "test-beta")):
        assert await _invoke(name, namespace) == ToolError(f"Tool {name} not found on any server.")


async def test_tools_are_listed_by_name_with_their_schemas() -> None:
    add, saboteur, subtract = await NativeTools().list(ToolScope("test-beta", Caller()))
    assert (add.name, saboteur.name, subtract.name) == ("add", "saboteur", "subtract")
    number = {"type": "integer"}
    assert add.schema == {
        "properties": {"a": {"title": "A", **number}, "b": {"title": "B", **number}},
        "required": ["a", "b"],
        "title": "addArguments",
        "type": "object",
    }
    assert saboteur.schema == {"properties": {}, "title": "saboteurArguments", "type": "object"}
    assert await NativeTools().list(ToolScope("other", Caller())) == []


def test_a_tool_that_does_not_exist_can_not_be_configured() -> None:
    with pytest.raises(ConfigError, match=r"'dev'.*'multiply'.*add, saboteur, subtract"):
        NativeTools({"dev": ["add", "multiply"]})
