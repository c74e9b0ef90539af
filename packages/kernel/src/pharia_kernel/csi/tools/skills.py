"""Function skills as tools of other skills of their namespace."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from pharia_kernel.csi.concurrently import all_of
from pharia_kernel.csi.tools.source import ToolScope
from pharia_kernel.csi.types import ToolError, ToolInfo, ToolOutput, ToolRequest, ToolResult
from pharia_kernel.errors import KernelError
from pharia_kernel.types import SkillMetadata, SkillPath

logger = logging.getLogger("pharia_kernel.csi")

Choice = bool | Sequence[str]
"""Which skills of a namespace are tools: all, none, or those named."""

_ANYTHING = {"type": "object"}
_raw = msgspec.json.Decoder(msgspec.Raw)


class CallableSkills(Protocol):
    """What is needed of those who run skills."""

    def names(self, namespace: str) -> Sequence[str]: ...

    async def describe(self, skill: SkillPath) -> SkillMetadata | None:
        """None for a skill that is no function. Raises :class:`~pharia_kernel.errors.KernelError`."""
        ...

    async def call(self, skill: SkillPath, input: bytes, scope: ToolScope) -> bytes:
        """JSON for JSON, within the call that ``scope`` describes; cancelling stops the skill.

        Raises :class:`~pharia_kernel.errors.KernelError`.
        """
        ...


class SkillTools:
    """Implements :class:`~pharia_kernel.csi.tools.source.ToolSource`."""

    def __init__(self, choices: Mapping[str, Choice], skills: CallableSkills, depth: int) -> None:
        """``depth`` is how many skills may call each other in a row, the first one not counted."""
        self._choices = choices
        self._skills = skills
        self._depth = depth

    def choose(self, choices: Mapping[str, Choice]) -> None:
        """From now on; calls under way go on."""
        self._choices = choices

    async def list(self, scope: ToolScope) -> list[ToolInfo]:
        paths = [SkillPath(scope.namespace, name) for name in self._names(scope.namespace)]
        return [tool for tool in await all_of([self._tool(path) for path in paths]) if tool is not None]

    async def invoke(self, scope: ToolScope, request: ToolRequest) -> ToolResult:
        skill = SkillPath(scope.namespace, request.name)
        if skill.name not in self._names(skill.namespace):
            return ToolError(f"Tool {request.name} not found on any server.")
        if scope.depth >= self._depth:
            return ToolError(
                f"skill {skill} was not called: {scope.depth} skills called each other already, more are not allowed "
                "(skill-tools.depth)"
            )
        try:
            input = _input(request)
        except ValueError as error:
            return ToolError(str(error))
        try:
            return ToolOutput(((await self._skills.call(skill, input, scope)).decode(),))
        except KernelError as error:
            return ToolError(f"skill {skill}: {error}")

    def _names(self, namespace: str) -> Sequence[str]:
        choice = self._choices.get(namespace, False)
        if isinstance(choice, bool):
            return self._skills.names(namespace) if choice else ()
        return choice

    async def _tool(self, skill: SkillPath) -> ToolInfo | None:
        try:
            metadata = await self._skills.describe(skill)
        except KernelError as error:
            logger.warning("skill %s is no tool now: %s", skill, error)
            return None
        if metadata is None or not _takes_an_object(metadata.input_schema):
            return None
        schema = _ANYTHING if metadata.input_schema is None else metadata.input_schema
        return ToolInfo(skill.name, metadata.description or f"The skill {skill.name}", schema)


def _takes_an_object(schema: Any) -> bool:
    """Arguments have names; a skill that wants a text or a number can not be called with them."""
    if not isinstance(schema, dict):
        return schema is None
    kind = schema.get("type", "object")
    return kind == "object" or (isinstance(kind, list) and "object" in kind)


def _input(request: ToolRequest) -> bytes:
    """The arguments as one object, of those with the same name the last; raises :class:`ValueError`."""
    members: dict[str, msgspec.Raw] = {}
    for name, value in request.arguments:
        try:
            members[name] = _raw.decode(value)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ValueError(f"Error deserializing argument {name}: {error}") from None
    return msgspec.json.encode(members)
