"""What comes back over HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Event:
    name: str
    data: Any


BEGIN = Event("message", {"type": "begin"})


def append(text: str) -> Event:
    return Event("message", {"type": "append", "text": text})


async def events_of(response: httpx.Response) -> AsyncGenerator[Event, None]:
    name = ""
    async for line in response.aiter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield Event(name, json.loads(line.removeprefix("data: ")))


def is_problem(response: httpx.Response, status: int, code: str) -> bool:
    """Whether the answer is a complete problem document of that kind."""
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["title"]
    assert problem["detail"]
    assert problem["status"] == response.status_code
    assert re.fullmatch("[0-9a-f]{32}", problem["trace_id"])
    assert problem["trace_id"] in response.headers["traceparent"]
    return (response.status_code, problem["code"]) == (status, code)
