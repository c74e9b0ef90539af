"""Answers of a given type: asking for JSON, reading it, having mistakes corrected."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError
from pydantic_core import from_json, to_json

from pharia_skill.csi.inference import ChatParams, ChatResponse, FinishReason, JsonSchema, Message, Role
from pharia_skill.csi.inference.prompted_tools import _remove_md_delimiters
from pharia_skill.csi.names import as_name
from pharia_skill.errors import InvalidAnswer
from pharia_skill.json_type import describe

M = TypeVar("M")

_WRAPPER = "value"
_ASK = "Answer with JSON alone: no other text, no code fence. It must follow this JSON Schema:\n"
_ASK_AGAIN = "That answer does not fit:\n{mistakes}\nAnswer again. "


class AnswerType(Generic[M]):
    """A type as the model gets to know it: JSON Schema of an object. What is no object is wrapped in one.

    Raises ``TypeError`` for a type pydantic can not describe.
    """

    def __init__(self, model: type[M] | TypeAdapter[M]) -> None:
        try:
            self._adapter: TypeAdapter[M] = model if isinstance(model, TypeAdapter) else TypeAdapter(model)
            schema = self._adapter.json_schema()
        except (PydanticUserError, PydanticUndefinedAnnotation) as error:
            raise TypeError(f"response_model={model!r}: {error.message} (use a type pydantic can describe)") from error
        self._wrapped = schema.get("type") != "object"
        self.schema = _wrap(schema) if self._wrapped else schema
        self.name = as_name(schema.get("title", "")) or "answer"

    @property
    def instruction(self) -> str:
        return _ASK + json.dumps(self.schema)

    def demand(
        self, messages: list[Message], params: ChatParams, *, in_prompt: bool
    ) -> tuple[list[Message], ChatParams]:
        """What to ask the model with: by its response format, or by words where the host knows none."""
        if not in_prompt:
            return messages, replace(params, response_format=JsonSchema(self.name, schema=self.schema))
        if messages and messages[0].role is Role.System:
            return [Message.system(f"{messages[0].content}\n\n{self.instruction}"), *messages[1:]], params
        return [Message.system(self.instruction), *messages], params

    def read(self, text: str) -> M:
        """Raises ``pydantic.ValidationError``."""
        found = _json_in(text)
        return self._adapter.validate_json(_unwrapped(found) if self._wrapped else found)


def ask_for(
    answer_type: AnswerType[M],
    ask: Callable[[list[Message]], ChatResponse],
    messages: list[Message],
    repairs: int,
) -> M:
    """Show the model its mistakes until there are none, at most ``repairs`` times; ``messages`` is not touched by that.

    Raises :class:`~pharia_skill.errors.InvalidAnswer`.
    """
    answer = ask(messages)
    left = repairs
    while True:
        text = answer.message.content or ""
        try:
            return answer_type.read(text)
        except ValidationError as error:
            mistakes = describe(error)
        if left <= 0 or answer.finish_reason is FinishReason.LENGTH:
            raise InvalidAnswer(_failure(answer_type.name, answer, mistakes, repairs - left + 1), answer)
        left -= 1
        correction = _ASK_AGAIN.format(mistakes=mistakes) + answer_type.instruction
        messages = [*messages, Message.assistant(text), Message.user(correction)]
        answer = ask(messages)


def _failure(name: str, answer: ChatResponse, mistakes: str, attempts: int) -> str:
    if answer.finish_reason is FinishReason.LENGTH:
        return f"the answer was cut off before the {name} was complete: {mistakes} (allow more max_tokens)"
    return (
        f"the model gave no valid {name} in {attempts} answers: {mistakes} (allow more repairs, simplify the type, or "
        "take a larger model; the last answer is in `answer`)"
    )


def _wrap(schema: dict[str, Any]) -> dict[str, Any]:
    definitions = {"$defs": schema["$defs"]} if "$defs" in schema else {}
    inner = {key: value for key, value in schema.items() if key != "$defs"}
    return {"type": "object", "properties": {_WRAPPER: inner}, "required": [_WRAPPER]} | definitions


def _unwrapped(text: str) -> str | bytes:
    try:
        data = from_json(text)
    except ValueError:
        return text
    return to_json(data[_WRAPPER]) if isinstance(data, dict) and data.keys() == {_WRAPPER} else text


def _json_in(text: str) -> str:
    """Models like to talk around it."""
    text = _remove_md_delimiters(text.strip()).strip()
    begin = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=0)
    end = max(text.rfind("}"), text.rfind("]")) + 1
    for candidate in (text, text[begin:end]):
        try:
            from_json(candidate)
        except ValueError:
            continue
        return candidate
    return text
