"""``POST /v1/skills/{namespace}/{name}/message-stream``.

Hot path: a token costs one event encoded and written.
"""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from pharia_kernel.api.body import read_json
from pharia_kernel.api.caller import caller_of
from pharia_kernel.api.event_stream import EventWriter, stream_events
from pharia_kernel.api.path import skill_path
from pharia_kernel.api.service import Service
from pharia_kernel.api.sse import encode_event
from pharia_kernel.config import LimitSettings
from pharia_kernel.errors import KernelError
from pharia_kernel.types import Failed


class MessageStream:
    """ASGI endpoint; once the request is understood, every failure is an ``error`` event of a 200 answer."""

    def __init__(self, kernel: Service, limits: LimitSettings) -> None:
        self._kernel = kernel
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        skill, caller = skill_path(scope), caller_of(scope)
        input = await read_json(scope, receive, self._limits)

        async def relay(events: EventWriter) -> KernelError | None:
            async with self._kernel.stream(skill, input, caller) as source:
                await events.begin(source.warning)
                async for event in source:
                    if type(event) is Failed:
                        return event.error
                    await events.write(encode_event(event))
            return None

        await stream_events(scope, receive, send, self._limits, relay)
