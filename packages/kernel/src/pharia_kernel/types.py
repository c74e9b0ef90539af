"""The words all floors share: who calls, which skill, what comes out of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

import msgspec

from pharia_kernel.errors import InvalidNamespace, KernelError

_NAMESPACE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_NAMESPACE_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_NAMESPACE_LENGTH = 64

JsonValue = Any
"""A value made of dict, list, str, int, float, bool and None."""


def check_namespace(name: str) -> str:
    """Give ``name`` back, or raise :class:`InvalidNamespace`."""
    if len(name) <= _NAMESPACE_LENGTH and _NAMESPACE.fullmatch(name):
        return name
    raise InvalidNamespace(
        f"Invalid namespace `{name}`. Namespaces must be between 1 and {_NAMESPACE_LENGTH} characters long and must "
        f"follow the pattern `{_NAMESPACE_PATTERN}`"
    )


@dataclass(frozen=True, slots=True, order=True)
class SkillPath:
    """Where a skill is found; written ``namespace/name``."""

    namespace: str
    name: str

    @classmethod
    def parse(cls, text: str) -> SkillPath:
        namespace, _, name = text.partition("/")
        return cls(check_namespace(namespace), name)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class SkillKind(str, Enum):
    FUNCTION = "function"
    MESSAGE_STREAM = "message_stream"


class Action(str, Enum):
    """What a caller may do in a namespace."""

    RUN = "run"
    """Call its skills and see what they are."""
    CSI = "csi"
    """Ask for what its skills may ask for."""
    ADMIN = "admin"
    """Operate the kernel."""


ANY_NAMESPACE = "*"


@dataclass(frozen=True, slots=True)
class Rights:
    """Actions by namespace; those of ``*`` hold in every one."""

    grants: Mapping[str, frozenset[Action]]

    def allow(self, action: Action, namespace: str | None) -> bool:
        """Without a namespace: whether the action is allowed in at least one."""
        if namespace is None:
            return any(action in actions for actions in self.grants.values())
        return any(action in self.grants.get(name, ()) for name in (namespace, ANY_NAMESPACE))


EVERYTHING = Rights({ANY_NAMESPACE: frozenset(Action)})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asked for the invocation; the token never reaches the skill."""

    token: str | None = field(default=None, repr=False)
    id: str | None = None
    """Such as ``key:1f0c`` or ``jwt:alice``; known once access was checked."""
    rights: Rights | None = field(default=None, repr=False, compare=False)
    """Known once access was checked, where it is; who hands them in from inside this process is believed."""


LOCAL = Caller(id="local", rights=EVERYTHING)
"""The program that this kernel is a part of."""


class SkillMetadata(msgspec.Struct, frozen=True):
    """Answer of ``GET …/metadata``; all members are always present."""

    description: str | None = None
    version: str | None = None
    skill_type: SkillKind = SkillKind.FUNCTION
    input_schema: JsonValue = None
    output_schema: JsonValue = None


# What a message stream is made of, in the order in which the skill caused it.


class MessageBegin(msgspec.Struct, frozen=True):
    pass


class MessageAppend(msgspec.Struct, frozen=True):
    text: str


class MessageEnd(msgspec.Struct, frozen=True):
    payload: msgspec.Raw = msgspec.Raw(b"null")
    """JSON as the skill wrote it, checked."""


class Reasoning(msgspec.Struct, frozen=True):
    text: str


class ToolBegin(msgspec.Struct, frozen=True):
    name: str


class ToolEnd(msgspec.Struct, frozen=True):
    name: str


class ToolFailed(msgspec.Struct, frozen=True):
    name: str
    message: str


OutputItem = MessageBegin | MessageAppend | MessageEnd | Reasoning
ToolEvent = ToolBegin | ToolEnd | ToolFailed


@dataclass(frozen=True, slots=True)
class Failed:
    """The last event of a stream whose invocation failed."""

    error: KernelError


StreamEvent = OutputItem | ToolEvent | Failed


class Output(Protocol):
    """Where a message-stream skill writes. Checks the order of the items."""

    def try_write(self, item: OutputItem) -> bool:
        """Take the item if the consumer keeps up. May be called from any thread.

        Raises :class:`~pharia_kernel.errors.ProtocolViolation` for an item that is out of order.
        """
        ...

    async def write(self, item: OutputItem) -> None:
        """Take the item, waiting on the event loop while the consumer is slow."""
        ...
