"""The requests of management as checked values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from luaskills.engine.roots import parse_roots
from luaskills.errors import InvalidInput
from luaskills.types import Authority, Json, SkillRoot


class SourceType(str, Enum):
    """Where a package comes from."""

    GITHUB = "github"
    URL = "url"
    OFFICIAL_HUB = "official_hub"
    PRIVATE_URL_MANIFEST = "private_url_manifest"


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """Which package is asked for; at least one of the first two is needed to know its id."""

    skill_id: str | None = None
    source: str | None = None
    source_type: SourceType = SourceType.GITHUB

    @classmethod
    def parse(cls, value: Json) -> SourceRequest:
        """From ``{skill_id?, source?, source_type?}``; raises InvalidInput."""
        if not isinstance(value, Mapping):
            raise InvalidInput("request must be an object")
        kind = value.get("source_type") or SourceType.GITHUB
        return cls(_text(value, "skill_id"), _text(value, "source"), _choice(SourceType, "source_type", kind))


@dataclass(frozen=True, slots=True)
class Scope:
    """What every request says: the chain, the chosen root and who asks."""

    roots: tuple[SkillRoot, ...]
    target: SkillRoot | None = None
    authority: Authority | None = None

    @classmethod
    def parse(cls, value: Json) -> Scope:
        """From ``{skill_roots, target_root?, authority?}``; raises InvalidInput, RootChainError."""
        if not isinstance(value, Mapping):
            raise InvalidInput("the request must be an object")
        authority = value.get("authority")
        return cls(
            roots=chain(required(value, "skill_roots")),
            target=_root(value.get("target_root")),
            authority=None if authority is None else _choice(Authority, "authority", authority),
        )


@dataclass(frozen=True, slots=True)
class RemovalOptions:
    """Which databases go along with a package."""

    remove_sqlite: bool = False
    remove_lancedb: bool = False

    @classmethod
    def parse(cls, value: Json) -> RemovalOptions:
        """From ``{remove_sqlite?, remove_lancedb?}`` or None; raises InvalidInput."""
        if value is None:
            return cls()
        if not isinstance(value, Mapping):
            raise InvalidInput("options must be an object")
        flags = {name: value.get(name, False) for name in ("remove_sqlite", "remove_lancedb")}
        for name, flag in flags.items():
            if not isinstance(flag, bool):
                raise InvalidInput(f"options.{name} must be true or false")
        return cls(**flags)


def chain(value: Json) -> tuple[SkillRoot, ...]:
    """Skill roots from a list of values or ``{name, skills_dir}`` objects; raises InvalidInput, RootChainError."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, SkillRoot | Mapping) for item in value):
        raise InvalidInput("skill_roots must be a list of objects")
    return parse_roots(value)


def required(value: Mapping[str, Json], key: str) -> Json:
    """A member that must be there; raises InvalidInput."""
    if value.get(key) is None:
        raise InvalidInput(f"missing field `{key}`")
    return value[key]


def required_text(value: Mapping[str, Json], key: str) -> str:
    """A text that must be there, trimmed; raises InvalidInput."""
    text = required(value, key)
    if not isinstance(text, str):
        raise InvalidInput(f"{key} must be a text")
    return text.strip()


def optional_text(value: Mapping[str, Json], key: str) -> str | None:
    """A text as it is, or None; raises InvalidInput."""
    text = value.get(key)
    if text is not None and not isinstance(text, str):
        raise InvalidInput(f"{key} must be a text")
    return text


def _text(value: Mapping[str, Json], key: str) -> str | None:
    text = optional_text(value, key)
    return text.strip() or None if text else None


def _root(value: Json) -> SkillRoot | None:
    if value is None or isinstance(value, SkillRoot):
        return value
    if not isinstance(value, Mapping):
        raise InvalidInput("target_root must be an object")
    return SkillRoot(required_text(value, "name"), required_text(value, "skills_dir"))


def _choice(kind: type[Any], key: str, value: Json) -> Any:
    try:
        return kind(value)
    except ValueError:
        allowed = ", ".join(f"`{member.value}`" for member in kind)
        raise InvalidInput(f"unknown variant `{value}` of {key}, expected one of {allowed}") from None
