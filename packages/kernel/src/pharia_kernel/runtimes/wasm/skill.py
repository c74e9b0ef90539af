"""A loaded component, called in a fresh instance each time unless its operator allows more calls of one."""

from __future__ import annotations

import asyncio
import logging
from copy import copy
from dataclasses import replace
from typing import Any

import msgspec

from pharia_kernel.csi.csi import Csi
from pharia_kernel.csi.forbidden import ForbiddenCsi
from pharia_kernel.errors import HostFault, SkillRejectedInput, SkillReportedError
from pharia_kernel.runtimes.skill import InstancePolicy, SkillLimits
from pharia_kernel.runtimes.wasm.failures import run_failure
from pharia_kernel.runtimes.wasm.host.component import ExportedFunction, LinkedComponent
from pharia_kernel.runtimes.wasm.host.host import ComponentHost
from pharia_kernel.runtimes.wasm.host.resources import Handle
from pharia_kernel.runtimes.wasm.host.warm import Reuse
from pharia_kernel.runtimes.wasm.worlds.detect import World
from pharia_kernel.runtimes.wasm.worlds.guest import Guest, StreamOutput
from pharia_kernel.runtimes.wasm.worlds.lines import UNVERSIONED
from pharia_kernel.runtimes.wasm.worlds.schemas import schema_of
from pharia_kernel.types import Output, SkillKind, SkillMetadata, SkillPath

_log = logging.getLogger(__name__)


class WasmSkill:
    """Implements :class:`~pharia_kernel.runtimes.skill.Skill`."""

    def __init__(
        self,
        path: SkillPath,
        digest: str,
        world: World,
        component: LinkedComponent,
        host: ComponentHost,
        limits: SkillLimits,
        source: bytes = b"",
    ) -> None:
        """``source`` is what the guest finds on standard input."""
        self._path = path
        self._digest = digest
        self._world = world
        self._component: LinkedComponent | None = component
        self._host = host
        self._limits = limits
        self._source = source
        self._run = component.function(world.export, "run")
        self._metadata = component.function(world.export, "metadata") if world.has_metadata else None
        host.spares.admit(component)
        policy = limits.instances
        self._warm = host.warm_instances(Reuse(policy.reuse, policy.idle_seconds)) if policy.reuse > 1 else None

    @property
    def kind(self) -> SkillKind:
        return self._world.kind

    @property
    def digest(self) -> str:
        return self._digest

    @property
    def version(self) -> str | None:
        """Line of the interface; None for the unversioned one."""
        return None if self._world.line.name == UNVERSIONED else self._world.line.name

    async def run(self, input: bytes, csi: Csi, output: Output | None) -> bytes:
        guest = Guest(self._path, self._limits, csi, output, self._source)
        if self._world.export is None:
            answer = msgspec.json.encode(await self._call(self._run, [_text(input)], guest))
        else:
            case, payload = await self._call(self._run, [input], guest)
            if case == "err":
                raise _reported(payload)
            answer = bytes(payload or b"")
        guest.check_output(len(answer))
        return answer

    async def _call(self, function: ExportedFunction, arguments: list[Any], guest: Guest) -> Any:
        component = self._component
        if component is None:
            raise HostFault(f"{self._path} is called after it was closed")
        if self.kind is SkillKind.MESSAGE_STREAM and guest.output is not None:
            arguments = [*arguments, Handle(StreamOutput())]
        execution = self._host.execution(
            component,
            function,
            guest,
            memory_bytes=self._limits.memory_bytes,
            warm=self._warm,
            spare=self._limits.instances.spare,
        )
        try:
            return await execution.run(arguments)
        except Exception as error:
            failure = run_failure(error, self._path, guest.log)
            if isinstance(failure, HostFault):
                _log.exception("the host failed while %s ran", self._path)
            raise failure from error
        finally:
            await guest.aclose()

    def with_memory(self, memory_bytes: int) -> WasmSkill:
        """Implements :class:`~pharia_kernel.runtimes.skill.LessMemory`; instances are fresh and none is kept ready."""
        if memory_bytes >= self._limits.memory_bytes:
            return self
        smaller = copy(self)
        smaller._limits = replace(self._limits, memory_bytes=memory_bytes, instances=InstancePolicy(spare=0))
        smaller._warm = None
        return smaller

    async def metadata(self) -> SkillMetadata:
        if self._metadata is None:
            return SkillMetadata(version=self.version, skill_type=self.kind)
        guest = Guest(self._path, self._limits, ForbiddenCsi(), None, self._source)
        found = await self._call(self._metadata, [], guest)
        guest.check_output(sum(len(part or b"") for part in found.values()))
        return SkillMetadata(
            description=found["description"],
            version=self.version,
            skill_type=self.kind,
            input_schema=schema_of(found["input_schema"], "input"),
            output_schema=schema_of(found["output_schema"], "output"),
        )

    async def aclose(self) -> None:
        """Calls in flight keep the code until they end."""
        component, self._component = self._component, None
        if self._warm is not None:
            self._warm.close()
        if component is not None:
            await asyncio.to_thread(self._host.spares.retire, component)


def _text(input: bytes) -> str:
    try:
        return msgspec.json.decode(input, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise SkillRejectedInput(
            "The skill had trouble interpreting the input:\n\na skill of the first interface takes a JSON string"
        ) from None


def _reported(error: tuple[str, str]) -> Exception:
    case, text = error
    if case == "invalid-input":
        return SkillRejectedInput(f"The skill had trouble interpreting the input:\n\n{text}")
    return SkillReportedError(f"The skill reported an error:\n\n{text}")
