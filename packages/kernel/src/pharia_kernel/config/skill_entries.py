"""One skill of a namespace, as an operator or a team writes it down."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field
from pydantic import Tag as Variant

from pharia_kernel.config.instances import InstanceSettings
from pharia_kernel.config.tables import Table, Words

_LONGEST = 128
_RESERVED = re.compile(r"[/:@\s\x00-\x1f\x7f]")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|sha256:[0-9a-f]{64}", re.ASCII)
_DIGEST = "sha256:"


def _name(name: str) -> str:
    if not name or len(name) > _LONGEST or _RESERVED.search(name):
        raise ValueError(f"a name has 1 to {_LONGEST} characters, no white space and none of / : @")
    return name


def _tag(tag: str) -> str:
    if not _TAG.fullmatch(tag):
        raise ValueError("not a tag; write it like 1.4 or latest, or sha256: and 64 hexadecimal digits")
    return tag


def _tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_tag, tags))


SkillName = Annotated[str, AfterValidator(_name)]
Tag = Annotated[str, AfterValidator(_tag)]
"""A tag of the registry, or a digest."""


class Canary(Table):
    """A second version that gets a part of the calls."""

    tag: Tag
    percent: float = Field(gt=0, le=100)
    """Of the calls that name no version."""


class ProgrammableEntry(Table):
    """A component of the registry, or a Lua package there, whose entries are the skills."""

    type: Literal["programmable", "lua"] = "programmable"
    name: SkillName
    """Of a package too; its skills are called ``NAME-ENTRY``."""
    tag: Tag = "latest"
    canary: Canary | None = None
    versions: Annotated[Words, AfterValidator(_tags)] = ()
    """Further tags or digests that callers may name: ``haiku:v2``, ``haiku@sha256:…``."""
    instances: InstanceSettings | None = None
    """Of each version; by default those of the namespace."""


class ChatEntry(Table):
    """A conversation with a model behind a system prompt; no component."""

    type: Literal["chat"] = "chat"
    name: SkillName
    version: str
    model: str = Field(min_length=1)
    system_prompt: str = Field(alias="system_prompt")


SkillEntry = ProgrammableEntry | ChatEntry


VARIANTS = ("programmable", "lua", "chat")
"""As errors name them."""


def reference(name: str, tag: str) -> str:
    """How callers name one version of a skill."""
    return f"{name}{'@' if tag.startswith(_DIGEST) else ':'}{tag}"


def _form(value: Any) -> str:
    found = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return "chat" if found == "chat" else "programmable"


def _split(value: Any) -> Any:
    """Of a variable: ``summarise:1.4, haiku@sha256:…, poem``."""
    if not isinstance(value, str):
        return value
    entries = []
    for word in (word.strip() for word in value.split(",") if word.strip()):
        name, _, tag = word.partition("@") if "@" in word else word.partition(":")
        entries.append({"name": name, "tag": tag} if tag else {"name": name})
    return entries


def _once(entries: tuple[SkillEntry, ...]) -> tuple[SkillEntry, ...]:
    names = [entry.name for entry in entries]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name} is there twice; further versions of a skill go into its versions")
    return entries


SkillEntries = Annotated[
    tuple[
        Annotated[
            Annotated[ProgrammableEntry, Variant("programmable")] | Annotated[ChatEntry, Variant("chat")],
            Discriminator(_form),
        ],
        ...,
    ],
    BeforeValidator(_split),
    AfterValidator(_once),
]
