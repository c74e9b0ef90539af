"""One entry of a Lua package as a skill."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from copy import copy
from typing import ClassVar, Literal

import msgspec

from pharia_kernel.csi.csi import Csi
from pharia_kernel.errors import HostFault, SkillRejectedInput
from pharia_kernel.runtimes.guest_log import GuestLog
from pharia_kernel.runtimes.lua.child.messages import Call
from pharia_kernel.runtimes.lua.failures import run_failure
from pharia_kernel.runtimes.lua.host_answers import HostAnswers
from pharia_kernel.runtimes.lua.package import Entry
from pharia_kernel.runtimes.lua.worker_process import WorkerDied, WorkerFailure
from pharia_kernel.runtimes.lua.workers import ServedPackage, Workers
from pharia_kernel.runtimes.skill import SkillLimits
from pharia_kernel.telemetry.tracing import current_trace_id
from pharia_kernel.types import JsonValue, Output, SkillKind, SkillMetadata, SkillPath

_RESULT: JsonValue = {
    "description": "The text the entry returned; an object where it returned more than a text.",
    "oneOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {
                "content": {"type": "string"},
                "overflow_mode": {"enum": ["Truncate", "Page", None]},
                "template_hint": {"type": ["string", "null"]},
                "content_bytes": {"type": "integer"},
                "content_lines": {"type": "integer"},
                "host_result": {
                    "type": "object",
                    "properties": {"kind": {"type": "string"}, "payload": {}},
                    "required": ["kind", "payload"],
                },
            },
            "required": ["content", "overflow_mode", "template_hint", "content_bytes", "content_lines"],
        },
    ],
}


class LuaSkill:
    """Implements :class:`~pharia_kernel.runtimes.skill.Skill`.

    The answer is the text of the entry as JSON string, or the whole result where the entry returned more than a text.
    """

    kind: ClassVar[Literal[SkillKind.FUNCTION]] = SkillKind.FUNCTION

    def __init__(
        self,
        path: SkillPath,
        tool: str,
        digest: str,
        entry: Entry,
        version: str,
        package: ServedPackage,
        workers: Workers,
        limits: SkillLimits,
        close: Callable[[], Awaitable[None]],
    ) -> None:
        """``tool`` is the canonical name of the entry, ``version`` the package's."""
        self._path, self._tool, self._digest = path, tool, digest
        self._entry, self._version = entry, version
        self._package, self._workers, self._limits = package, workers, limits
        self._memory_bytes: int | None = None
        self._close: Callable[[], Awaitable[None]] | None = close

    @property
    def digest(self) -> str:
        return self._digest

    async def run(self, input: bytes, csi: Csi, output: Output | None) -> bytes:
        if self._close is None:
            raise HostFault(f"{self._path} is called after it was closed")
        limits = self._limits
        log = GuestLog(self._path, limits.log_bytes)
        call = Call(
            tool=self._tool,
            arguments=_arguments(input),
            request=_request(limits.output_bytes),
            memory_bytes=self._memory_bytes,
            output_bytes=limits.output_bytes,
            log_bytes=limits.log_bytes,
        )
        try:
            async with self._workers.lend(self._package) as worker:
                return await worker.call(call, HostAnswers(csi, limits.script.model, log))
        except (WorkerFailure, WorkerDied) as error:
            raise run_failure(error, self._path, log.last_line()) from error
        finally:
            log.close()

    async def metadata(self) -> SkillMetadata:
        return SkillMetadata(
            description=self._entry.description,
            version=self._version,
            skill_type=SkillKind.FUNCTION,
            input_schema=self._entry.input_schema,
            output_schema=_RESULT,
        )

    def with_memory(self, memory_bytes: int) -> LuaSkill:
        """Implements :class:`~pharia_kernel.runtimes.skill.LessMemory`; such a call gets a VM of its own."""
        if memory_bytes >= self._limits.memory_bytes:
            return self
        smaller = copy(self)
        smaller._memory_bytes = memory_bytes
        return smaller

    async def aclose(self) -> None:
        close, self._close = self._close, None
        if close is not None:
            await close()


def _arguments(input: bytes) -> msgspec.Raw:
    if input == b"null":
        return msgspec.Raw(b"{}")
    if not input.startswith(b"{"):
        raise SkillRejectedInput(
            "The skill had trouble interpreting the input:\n\na Lua skill takes a JSON object with its arguments"
        )
    return msgspec.Raw(input)


def _request(output_bytes: int) -> dict[str, object]:
    """Who calls, as ``vulcan.context`` says it."""
    return {
        "request_id": current_trace_id() or "",
        "client_name": "pharia-kernel",
        "transport_name": "pharia-kernel",
        "client_info": {"kind": "kernel", "name": "pharia-kernel", "version": ""},
        "client_capabilities": {"host_result": {"enabled": True, "max_payload_bytes": output_bytes}},
    }
