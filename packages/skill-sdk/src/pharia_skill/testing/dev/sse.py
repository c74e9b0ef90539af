"""Server-sent events, as https://html.spec.whatwg.org/multipage/server-sent-events.html defines them."""

from __future__ import annotations

import codecs
import json
from collections.abc import Generator, Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from pharia_skill.errors import KernelAnswerInvalid


class Event(BaseModel):
    event: str
    data: dict[str, Any]


class EngineStreamDeserializer:
    """``response`` yields the bytes of the body, cut anywhere."""

    def __init__(self, response: Iterable[bytes]) -> None:
        self.response = response

    def events(self) -> Generator[Event, None, None]:
        """Comments are skipped, data of several lines is joined. Raises ``KernelAnswerInvalid``, a ``ValueError``."""
        name, data = "message", list[str]()
        for line in _lines(self.response):
            if not line:
                if data:
                    yield _event(name, "\n".join(data))
                name, data = "message", []
                continue
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                name = value
            elif field == "data":
                data.append(value)
        if data:
            yield _event(name, "\n".join(data))


KernelStreamDeserializer = EngineStreamDeserializer
"""The name up to SDK 0.20."""


def _event(name: str, text: str) -> Event:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise KernelAnswerInvalid(
            f"Unexpected event format: {text[:200]!r} of event {name!r} is not JSON ({error})"
        ) from None
    if not isinstance(data, dict):
        raise KernelAnswerInvalid(f"Unexpected event format: the data of event {name!r} is no object: {text[:200]}")
    return Event(event=name, data=data)


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Lines without their ends; a carriage return, a line feed or both end one."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    rest = ""
    for chunk in chunks:
        try:
            rest += decoder.decode(chunk)
        except UnicodeDecodeError as error:
            raise KernelAnswerInvalid(f"Unexpected event format: the stream is not UTF-8 ({error})") from None
        held = ""
        if rest.endswith("\r"):
            rest, held = rest[:-1], "\r"  # a line feed that belongs to it may follow
        *complete, rest = rest.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        rest += held
        yield from complete
    if rest:
        yield rest.removesuffix("\r")
