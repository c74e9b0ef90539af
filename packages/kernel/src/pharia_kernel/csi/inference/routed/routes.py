"""Which backend answers for which model, and what the model is called there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import translate

from pharia_kernel.csi.inference.backend import InferenceBackend

_WILD = frozenset("*?")
_EXACT = 1 << 30
"""Ranks before every pattern."""


@dataclass(frozen=True, slots=True)
class Route:
    """One backend and the names it answers to; ``*`` and ``?`` stand for characters in them."""

    name: str
    backend: InferenceBackend
    models: Sequence[str] = ("*",)
    """Names that are the same at the backend."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Names that skills ask for, and what the models are called at the backend."""
    fall_back: Sequence[str] = ()
    """Routes to try in this order when the backend can not answer; they are asked for the same name."""

    def __str__(self) -> str:
        return f"{self.name}: {', '.join((*self.aliases, *self.models)) or 'none'}"


@dataclass(frozen=True, slots=True)
class Target:
    """A backend that may answer a request, and the name of the model there."""

    route: Route
    model: str


class Routes:
    """Who stands in for another backend that has the name too is asked after it.

    Of the others the closest name decides: one without wild cards before patterns, and of these the one with more
    characters of its own; among equals the first route.
    """

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = {route.name: (route, _Names(route)) for route in routes}

    def __iter__(self) -> Iterator[Route]:
        return (route for route, _ in self._routes.values())

    def targets(self, model: str) -> list[Target]:
        """The backend that answers, then those to fall back on; empty if there is none."""
        known = {
            name: (found[0], Target(route, found[1]))
            for name, (route, names) in self._routes.items()
            if (found := names.find(model)) is not None
        }
        if not known:
            return []
        candidates = list(known.values())
        if len(candidates) > 1:
            routes = [target.route for _, target in candidates]
            candidates = [one for one in candidates if not _stands_in(one[1].route, routes)] or candidates
        _, best = max(candidates, key=lambda candidate: candidate[0])
        return [best, *(known[name][1] for name in best.route.fall_back if name in known)]


def _stands_in(route: Route, others: Sequence[Route]) -> bool:
    """Two that stand in for each other are equals."""
    return any(route.name in other.fall_back and other.name not in route.fall_back for other in others)


class _Names:
    """Of one route; aliases before models."""

    def __init__(self, route: Route) -> None:
        pairs: list[tuple[str, str | None]] = [*route.aliases.items(), *((name, None) for name in route.models)]
        self._exact = {name: there for name, there in reversed(pairs) if not _WILD & set(name)}
        patterns = [
            (sum(character not in _WILD for character in name), re.compile(translate(name.replace("[", "[[]"))), there)
            for name, there in pairs
            if _WILD & set(name)
        ]
        self._patterns = sorted(patterns, key=lambda pattern: -pattern[0])

    def find(self, model: str) -> tuple[int, str] | None:
        """How close the name is, and what the model is called at the backend."""
        if model in self._exact:
            return _EXACT, self._exact[model] or model
        for rank, pattern, there in self._patterns:
            if pattern.match(model):
                return rank, there or model
        return None
