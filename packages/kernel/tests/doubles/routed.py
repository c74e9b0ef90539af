"""Several stubs, and the routed backend that the kernel makes for them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from doubles.openai_stub import OpenAiStub, Reply
from pharia_kernel.csi.http.retry import RetryPolicy
from pharia_kernel.csi.inference.aleph_alpha import AlephAlphaBackend, AlephAlphaOptions
from pharia_kernel.csi.inference.openai import OpenAiBackend, OpenAiOptions
from pharia_kernel.csi.inference.places import Places
from pharia_kernel.csi.inference.routed import BreakerOptions, CircuitBreaker, GuardedBackend, Route, RoutedBackend

_AT_ONCE = RetryPolicy(retries=0)


@dataclass(frozen=True)
class Described:
    """One backend and what its stub answers."""

    replies: Sequence[Reply]
    kind: str = "openai"
    models: Sequence[str] = ("*",)
    aliases: Mapping[str, str] = field(default_factory=dict)
    fall_back: Sequence[str] = ()
    concurrent: int | None = None
    queued: int = 100
    breaker: BreakerOptions = field(default_factory=BreakerOptions)
    options: Mapping[str, Any] = field(default_factory=dict)


class Routed:
    def __init__(self) -> None:
        self.stubs: dict[str, OpenAiStub] = {}
        self.backend = RoutedBackend([])
        self.now = 1000.0
        """The clock of the breakers, in seconds."""

    def route(self, name: str, one: Described) -> Route:
        shown = f"backend {name}"
        options = {"name": shown, "retry": _AT_ONCE, **one.options}
        backend: AlephAlphaBackend | OpenAiBackend
        if one.kind == "aleph-alpha":
            backend = AlephAlphaBackend(AlephAlphaOptions(self.stubs[name].url, **options))
        else:
            backend = OpenAiBackend(OpenAiOptions(self.stubs[name].url, **options))
        places = None if one.concurrent is None else Places(shown, one.concurrent, one.queued)
        guarded = GuardedBackend(backend, CircuitBreaker(shown, one.breaker, lambda: self.now), places)
        return Route(name, guarded, one.models, one.aliases, one.fall_back)

    def asked(self) -> dict[str, list[str]]:
        """Models that each backend was asked for."""
        return {name: [request.body["model"] for request in stub.received] for name, stub in self.stubs.items()}


@asynccontextmanager
async def open_routed(**described: Described) -> AsyncIterator[Routed]:
    async with AsyncExitStack() as stack:
        routed = Routed()
        for name, one in described.items():
            routed.stubs[name] = await stack.enter_async_context(OpenAiStub(*one.replies))
        routes = [routed.route(name, one) for name, one in described.items()]
        routed.backend = await stack.enter_async_context(RoutedBackend(routes))
        yield routed
