"""The loader for message streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pharia_skill.bindings import exports
from pharia_skill.bindings.exports.message_stream import Error_Internal
from pharia_skill.bindings.types import Err

from .loading import SourceFailed, load_handler
from .snapshot import fill

if TYPE_CHECKING:
    from pharia_skill.bindings.imports import streaming_output

_ABSENT = fill()


class MessageStream(exports.MessageStream):
    def run(self, input: bytes, output: streaming_output.StreamOutput) -> None:
        try:
            handler = load_handler("MessageStream", _ABSENT)
        except SourceFailed as error:
            raise Err(Error_Internal(str(error))) from None
        handler.run(input, output)
