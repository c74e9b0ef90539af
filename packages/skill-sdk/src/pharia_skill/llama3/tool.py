"""Tools a conversation may offer: classes, JSON schemas, and those Llama 3 knows from its training."""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel


class Tool(BaseModel):
    """Subclass it: the fields are the parameters, the docstring is the description, an instance is a call."""

    @classmethod
    def name(cls) -> str:
        """The name of the class in snake case."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        parameters = cls.model_json_schema()
        description = parameters.pop("description", None)
        function = {"name": cls.name(), "description": description, "parameters": _without_titles(parameters)}
        return {"type": "function", "function": function}

    def render(self) -> str:
        """The call as the model writes it."""
        return json.dumps({"name": self.name(), "parameters": self.model_dump(exclude_unset=True)})


class Function(BaseModel):
    name: str
    parameters: dict[str, Any]
    description: str | None = None


class JsonSchema(BaseModel):
    """A tool that is known only by its schema."""

    type: Literal["function"] = "function"
    function: Function

    def name(self) -> str:
        return self.function.name


ToolDefinition = type[Tool] | JsonSchema


class BuiltIn(Tool):
    """Known to the model by name; has no schema."""

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        return {"type": cls.name()}


class CodeInterpreter(BuiltIn):
    src: str

    def render(self) -> str:
        return self.src

    def run(self) -> Any:
        """Execute the code; gives what it left in the variable ``result``. Runs whatever the model wrote."""
        variables: dict[str, Any] = {}
        exec(self.src, variables)
        return variables.get("result")


class _Query(BuiltIn):
    """Called with one text, in a notation of its own."""

    _FORM: ClassVar[str] = '{name}.call(query="'
    query: str

    def render(self) -> str:
        return f'{self._FORM.format(name=self.name())}{self.query}")'

    @classmethod
    def try_from_text(cls, text: str) -> Self | None:
        start = cls._FORM.format(name=cls.name())
        if not text.startswith(start):
            return None
        return cls(query=text.removeprefix(start).split('")')[0].strip())


class WolframAlpha(_Query):
    pass


class BraveSearch(_Query):
    pass


BuiltInTools: tuple[type[Tool], ...] = (CodeInterpreter, WolframAlpha, BraveSearch)


def json_based(tools: Any) -> list[ToolDefinition]:
    """Those the model has to be told the schema of."""
    return [tool for tool in tools if tool not in BuiltInTools]


def _without_titles(schema: Any) -> Any:
    """Pydantic titles every type, which the model was not trained on. A parameter called ``title`` stays."""
    if isinstance(schema, list):
        return [_without_titles(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if not (key == "title" and isinstance(value, str))}
    return {key: _without_titles(value) for key, value in kept.items()}
