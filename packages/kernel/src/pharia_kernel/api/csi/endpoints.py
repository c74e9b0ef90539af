"""``POST /csi/v1/{function}`` and ``POST /csi/v2/{function}``."""

from __future__ import annotations

from contextlib import aclosing

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pharia_kernel.api.body import read_json
from pharia_kernel.api.caller import caller_of
from pharia_kernel.api.connection import UnlessGone
from pharia_kernel.api.csi.decoding import Body
from pharia_kernel.api.csi.events import HEARTBEAT, encode_part
from pharia_kernel.api.csi.functions import Function, Stream
from pharia_kernel.api.event_stream import EventWriter, stream_events
from pharia_kernel.api.problem import problem_response
from pharia_kernel.api.service import Service
from pharia_kernel.config import LimitSettings
from pharia_kernel.errors import KernelError

_TEXT_PREFIX = "Something went wrong: "
"""Programs look for it."""


class CallFunction:
    """ASGI endpoint; leaving cancels what was asked for."""

    def __init__(self, kernel: Service, limits: LimitSettings, function: Function) -> None:
        self._kernel = kernel
        self._limits = limits
        self._function = function
        self._body = Body(function.body)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = caller_of(scope)
        body = self._body.decode(await read_json(scope, receive, self._limits))
        try:
            async with UnlessGone(receive):
                answer = await self._function.run(self._kernel, body, caller)
        except KernelError as error:
            response = problem_response(scope, error, _TEXT_PREFIX)
        else:
            response = Response(msgspec.json.encode(answer), media_type="application/json")
        await response(scope, receive, send)


class OpenStream:
    """ASGI endpoint; once the request is understood, every failure is an ``error`` event of a 200 answer."""

    def __init__(self, kernel: Service, limits: LimitSettings, stream: Stream) -> None:
        self._kernel = kernel
        self._limits = limits
        self._stream = stream
        self._body = Body(stream.body)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller, stream = caller_of(scope), self._stream
        body = self._body.decode(await read_json(scope, receive, self._limits))
        try:
            request = stream.ask(body)
        except KernelError as error:
            await problem_response(scope, error, _TEXT_PREFIX)(scope, receive, send)
            return

        async def relay(events: EventWriter) -> KernelError | None:
            await events.begin()
            async with self._kernel.csi("", caller) as csi, aclosing(getattr(csi, stream.operation)(request)) as parts:
                async for part in parts:
                    if stream.check is not None:
                        stream.check(request, part)
                    if (event := encode_part(stream.events, part)) is not None:
                        await events.write(event)
            return None

        await stream_events(scope, receive, send, self._limits, relay, HEARTBEAT)
