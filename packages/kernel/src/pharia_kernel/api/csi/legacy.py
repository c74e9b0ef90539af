"""``POST /csi``, which SDKs up to 0.7 call. Its errors are JSON strings."""

from __future__ import annotations

import re
from typing import NoReturn

import msgspec
from opentelemetry import trace
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pharia_kernel.api.body import read_json
from pharia_kernel.api.caller import caller_of
from pharia_kernel.api.connection import UnlessGone
from pharia_kernel.api.csi.decoding import Body
from pharia_kernel.api.csi.functions import LEGACY
from pharia_kernel.api.problem import ERROR_KEY
from pharia_kernel.api.service import Service
from pharia_kernel.config import LimitSettings
from pharia_kernel.errors import KernelError, RequestError
from pharia_kernel.types import Caller

_NEWEST = (0, 5)
"""Of the versions that this route ever had."""
_REQUIREMENT = re.compile(
    r"\s*(?:=|>=?|<=?|~|\^)?\s*(?P<major>\d{1,20})(?:\.(?P<minor>\d{1,20}|[*xX]))?(?:\.(?:\d{1,20}|[*xX]))?"
    r"(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?\s*",
    re.ASCII,
)
_UPDATE = "Try updating your Kernel version or downgrading your SDK."


class Envelope(msgspec.Struct, frozen=True):
    version: str | None = None
    function: str | None = None


class LegacyCsi:
    """ASGI endpoint; leaving cancels what was asked for."""

    def __init__(self, kernel: Service, limits: LimitSettings) -> None:
        self._kernel = kernel
        self._limits = limits
        self._envelope = Body(Envelope)
        self._bodies = {
            (version, name): Body(function.body)
            for version, functions in LEGACY.items()
            for name, function in functions.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[str, str] = {}
        try:
            caller = caller_of(scope)
            body = await read_json(scope, receive, self._limits)
            async with UnlessGone(receive):
                content, status = await self._answer(body, caller), 200
        except KernelError as error:
            scope[ERROR_KEY] = error
            content, status = msgspec.json.encode(str(error)), error.status
            if error.retry_after is not None:
                headers["retry-after"] = str(error.retry_after)
        await Response(content, status, headers, "application/json")(scope, receive, send)

    async def _answer(self, body: bytes, caller: Caller) -> bytes:
        envelope = self._envelope.decode(body)
        if envelope.version not in LEGACY:
            _refuse(envelope.version)
        function = LEGACY[envelope.version].get(envelope.function)
        if function is None:
            name = envelope.function if envelope.function is not None else "specified"
            raise RequestError(f"The CSI function {name} is not supported by this Kernel installation yet. {_UPDATE}")
        trace.get_current_span().set_attribute("csi.function", envelope.function)
        request = self._bodies[envelope.version, envelope.function].decode(body)
        return msgspec.json.encode(await function.run(self._kernel, request, caller))


def _refuse(version: str | None) -> NoReturn:
    """In the words of each kind of version, which old SDKs pass on to their users."""
    found = _REQUIREMENT.fullmatch(version or "")
    if found is None:
        raise RequestError("A valid CSI version is required. Try upgrading your SDK.")
    minor = found["minor"]
    major = int(found["major"])
    if major > _NEWEST[0] or (minor is not None and minor.isdigit() and int(minor) > _NEWEST[1]):
        raise RequestError(f"The specified CSI version is not supported by this Kernel installation yet. {_UPDATE}")
    raise RequestError("This CSI version is no longer supported by the Kernel. Try upgrading your SDK.")
