"""``POST /v1/skills/{namespace}/{name}/run``."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pharia_kernel.api.body import read_json
from pharia_kernel.api.caller import caller_of
from pharia_kernel.api.connection import UnlessGone
from pharia_kernel.api.path import skill_path
from pharia_kernel.api.service import Service
from pharia_kernel.config import LimitSettings

WARNING_HEADER = b"x-skill-warning"


class Run:
    """ASGI endpoint; the skill stops when the client leaves."""

    def __init__(self, kernel: Service, limits: LimitSettings) -> None:
        self._kernel = kernel
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        skill, caller = skill_path(scope), caller_of(scope)
        input = await read_json(scope, receive, self._limits)
        async with UnlessGone(receive):
            answer = await self._kernel.invoke(skill, input, caller)
        headers = {"x-skill-digest": answer.skill_digest}
        if answer.warning:
            headers[WARNING_HEADER.decode()] = one_line(answer.warning)
        await Response(answer.output, 200, headers, "application/json")(scope, receive, send)


def one_line(text: str) -> str:
    """Printable ASCII, which is all that a header takes."""
    return "".join(character if " " <= character <= "~" else " " for character in text)
