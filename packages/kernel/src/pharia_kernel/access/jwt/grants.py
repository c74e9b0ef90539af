"""What the claims of a token allow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pharia_kernel.config.access import CAPTURED
from pharia_kernel.errors import InvalidNamespace
from pharia_kernel.types import Action, Rights, check_namespace


@dataclass(frozen=True, slots=True)
class Grant:
    """Whoever has ``value`` in ``claim`` may do ``actions`` in ``namespaces``."""

    claim: str
    """Name, or names from the outside to the inside with dots between: ``realm_access.roles``."""
    value: str
    """One ``*`` in it stands for any characters."""
    namespaces: tuple[str, ...]
    """``{}`` in a name is what the ``*`` of the value stands for."""
    actions: frozenset[Action]
    _pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        before, star, after = self.value.partition("*")
        pattern = re.escape(before) + ("(.+)" if star else "()") + re.escape(after)
        object.__setattr__(self, "_pattern", re.compile(pattern, re.DOTALL))

    def namespaces_for(self, claims: Mapping[str, Any]) -> Iterator[str]:
        for value in _values(claims, self.claim):
            match = self._pattern.fullmatch(value)
            if match is not None:
                yield from filter(None, (_named(template, match[1]) for template in self.namespaces))


def rights(grants: Iterable[Grant], claims: Mapping[str, Any]) -> Rights:
    """Those of all grants that fit, together."""
    found: dict[str, frozenset[Action]] = {}
    for grant in grants:
        for namespace in grant.namespaces_for(claims):
            found[namespace] = found.get(namespace, frozenset()) | grant.actions
    return Rights(found)


def _named(template: str, captured: str) -> str | None:
    """A claim never names every namespace; only the settings do."""
    if CAPTURED not in template:
        return template
    try:
        return check_namespace(template.replace(CAPTURED, captured))
    except InvalidNamespace:
        return None


def _values(claims: Mapping[str, Any], path: str) -> Sequence[str]:
    """The texts of a claim: of a list, or between the spaces of one text, as in ``scope``."""
    value: Any = claims.get(path)
    if value is None:
        value = claims
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(value, str):
        return value.split()
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
