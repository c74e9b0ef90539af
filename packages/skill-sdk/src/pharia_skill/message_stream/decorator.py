"""``@message_stream``: a function that takes JSON and writes messages."""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from pharia_skill.csi.csi import Csi
from pharia_skill.entry import Entry, describe
from pharia_skill.errors import InvalidSkill
from pharia_skill.message_stream.writer import MessageWriter

if TYPE_CHECKING:
    from pharia_skill.bindings.imports import streaming_output

Function = TypeVar("Function", bound=Callable[[Csi, MessageWriter[Any], Any], None])


def message_stream(func: Function) -> Function:
    """Make a function the message-stream skill of its module; give the function back unchanged.

    The input may be any type pydantic can describe. Raises :class:`~pharia_skill.errors.InvalidSkill`.
    """
    # Components of the other kind have no such bindings, and must be able to import this module.
    from pharia_skill.bindings import exports
    from pharia_skill.bindings.exports.message_stream import Error_Internal, Error_InvalidInput
    from pharia_skill.bindings.types import Err
    from pharia_skill.message_stream.wit_writer import WitMessageWriter
    from pharia_skill.wit_csi import WitCsi

    entry = Entry(func, "message_stream", sys._getframe(1).f_locals)
    entry.require_arguments(3, "Message Stream Skills must have exactly three arguments.")
    annotation = list(entry.signature.parameters.values())[2].annotation
    input_type = entry.argument(2, f"The third argument must be a Pydantic model, found: {annotation}")
    if entry.result() not in (inspect.Signature.empty, type(None)):
        raise InvalidSkill("The function must not return anything")

    class MessageStream(exports.MessageStream):
        def run(self, input: bytes, output: streaming_output.StreamOutput) -> None:
            try:
                value = input_type.read(input)
            except ValidationError as error:
                raise Err(Error_InvalidInput(describe(error))) from None
            except Exception:
                raise Err(Error_InvalidInput(traceback.format_exc())) from None
            try:
                with WitMessageWriter[Any](output) as writer:
                    func(WitCsi(), writer, value)
            except Exception:
                raise Err(Error_Internal(traceback.format_exc())) from None

    MessageStream.__qualname__ = func.__name__
    entry.install("MessageStream", MessageStream, "Make sure to decorate with `@message_stream` only once.")
    return func
