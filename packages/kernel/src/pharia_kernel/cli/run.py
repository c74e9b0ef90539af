"""One call of one skill, without a server."""

from __future__ import annotations

from typing import BinaryIO

import msgspec

from pharia_kernel.api.sse import encode_event
from pharia_kernel.config import Settings
from pharia_kernel.errors import InvalidJson, WrongSkillKind
from pharia_kernel.types import LOCAL, Failed, SkillPath, StreamEvent


async def run_skill(settings: Settings, skill: SkillPath, input: bytes, *, stream: bool, out: BinaryIO) -> None:
    """Print the answer of a function, or the events of a message stream as they come; raises what the kernel raises."""
    from pharia_kernel.kernel import Kernel  # loads the whole engine, which `--version` should not wait for

    try:
        msgspec.json.decode(input)
    except (ValueError, RecursionError) as error:
        raise InvalidJson(f"the input is not JSON: {error} (a text needs double quotes)") from None
    async with Kernel(settings) as kernel:
        if not stream:
            try:
                answer = await kernel.invoke(skill, input, LOCAL)
            except WrongSkillKind:
                pass
            else:
                _print(out, answer.output)
                return
        async with kernel.stream(skill, input, LOCAL) as events:
            async for event in events:
                if isinstance(event, Failed):
                    raise event.error
                _print(out, _line(event))


def _line(event: StreamEvent) -> bytes:
    """The event as the HTTP interface names it, on one line."""
    name, data = encode_event(event).rstrip().split(b"\n", 1)
    return b'{"event":"' + name.removeprefix(b"event: ") + b'","data":' + data.removeprefix(b"data: ") + b"}"


def _print(out: BinaryIO, line: bytes) -> None:
    out.write(line + b"\n")
    out.flush()
