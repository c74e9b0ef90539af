"""``@message_stream``: a function that takes JSON and writes messages."""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args, overload

from pydantic import ValidationError

from pharia_skill.csi.csi import Csi
from pharia_skill.entry import Entry, Options
from pharia_skill.errors import InvalidSkill
from pharia_skill.json_type import JsonType, describe
from pharia_skill.message_stream.writer import MessageWriter
from pharia_skill.snapshot import settle

if TYPE_CHECKING:
    from pharia_skill.bindings.imports import streaming_output

Function = TypeVar("Function", bound=Callable[[Csi, MessageWriter[Any], Any], None])


@overload
def message_stream(func: Function, /) -> Function: ...


@overload
def message_stream(
    *, name: str | None = None, description: str | None = None, examples: Sequence[Any] = (), tags: Sequence[str] = ()
) -> Callable[[Function], Function]: ...


def message_stream(
    func: Function | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    examples: Sequence[Any] = (),
    tags: Sequence[str] = (),
) -> Function | Callable[[Function], Function]:
    """Make a function the message-stream skill of its module. Called directly, in tests, it does what it did before.

    The input may be any type pydantic can describe. The options are those of :func:`~pharia_skill.skill`. Raises
    :class:`~pharia_skill.errors.InvalidSkill`.
    """
    scope = sys._getframe(1).f_locals
    options = Options(name, description, examples, tags)
    if func is not None:
        return stream_skill(func, "message_stream", scope, options)
    return lambda func: stream_skill(func, "message_stream", scope, options)


def stream_skill(func: Function, decorator: str, scope: Mapping[str, Any], options: Options) -> Function:
    """As :func:`message_stream`, under another name."""
    entry = Entry(func, decorator, scope, options)
    in_component = sys.platform == "wasi"
    if in_component and not entry.chosen:
        return func
    # Components of the other kind have no such bindings, and must be able to import this module.
    from pharia_skill.bindings.exports import message_stream  # noqa: F401

    entry.require_arguments(3, "Message Stream Skills must have exactly three arguments.")
    input_type = entry.input(2, f"The third argument must be a Pydantic model, found: {entry.written(2)}")
    if entry.result() not in (inspect.Signature.empty, type(None)):
        raise InvalidSkill("The function must not return anything")
    entry.install(
        "MessageStream", _handler(func, input_type), "Make sure to decorate with `@message_stream` only once."
    )
    if in_component:
        return func
    from pharia_skill.description import SkillDescription
    from pharia_skill.observation import observable

    described = SkillDescription(
        kind="message-stream-skill",
        function=entry.func.__name__,
        name=options.name or entry.func.__name__,
        description=entry.description,
        input_schema=entry.input_schema(input_type),
        payload_schema=_payload_schema(entry),
        tags=tuple(options.tags),
    )
    return cast(Function, observable(func, entry, described, input_type, None))


def _payload_schema(entry: Entry) -> dict[str, Any] | None:
    """Of what messages end with, when the writer is annotated with it. Nobody needs to, so an odd one is no error."""
    try:
        payload = next(iter(get_args(entry.argument(1))), None)
    except InvalidSkill:
        return None
    if payload is None or payload is type(None) or isinstance(payload, TypeVar) or payload is Any:
        return None
    return JsonType[Any](payload, "The payload of the writer must be a Pydantic model").schema()


def _handler(func: Callable[[Csi, MessageWriter[Any], Any], None], input_type: JsonType[Any]) -> type:
    from pharia_skill.bindings import exports
    from pharia_skill.bindings.exports.message_stream import Error_Internal, Error_InvalidInput
    from pharia_skill.bindings.types import Err
    from pharia_skill.message_stream.wit_writer import WitMessageWriter
    from pharia_skill.wit_csi import WitCsi

    csi, read = WitCsi(), input_type.read

    class MessageStream(exports.MessageStream):
        def __init__(self) -> None:
            settle(csi)

        def run(self, input: bytes, output: streaming_output.StreamOutput) -> None:
            try:
                value = read(input)
            except ValidationError as error:
                raise Err(Error_InvalidInput(describe(error))) from None
            except Exception:
                raise Err(Error_InvalidInput(traceback.format_exc())) from None
            try:
                writer: WitMessageWriter[Any] = WitMessageWriter(output)
                with writer:
                    func(csi, writer, value)
            except (Exception, SystemExit):
                raise Err(Error_Internal(traceback.format_exc())) from None

    return MessageStream
