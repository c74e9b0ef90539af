"""`vulcan.models`: embeddings and language models of the host. `embed` and `llm` answer, they never raise."""

from __future__ import annotations

from collections.abc import Mapping

from luaskills.context import CallContext
from luaskills.errors import HostFunctionError
from luaskills.types import Json
from luaskills.vulcan.arguments import Arguments, Tag, argument, filled_text, raw
from luaskills.vulcan.function import HostFunction
from luaskills.vulcan.model_answer import ModelFailure, answer_of, failure_of_exception

_CALLBACKS = {"embed": "model_embed", "llm": "model_llm"}
_MISSING = {"embed": "embedding callback is not registered", "llm": "llm callback is not registered"}


class ModelsTable:
    """The functions of `vulcan.models` for one VM."""

    def __init__(self, context: CallContext) -> None:
        self._context = context

    def functions(self) -> Mapping[str, HostFunction]:
        """The table, by function name."""
        return {"status": self.status, "has": self.has, "embed": self.embed, "llm": self.llm}

    def status(self, _given: Arguments) -> object:
        """Which models the host offers."""
        return {"ok": True, "capabilities": {name: self._offers(name) for name in _CALLBACKS}}

    def has(self, given: Arguments) -> object:
        """Whether the host offers a capability; false for anything else."""
        name = argument(given, 0)
        if len(given) != 1 or name.tag != Tag.STRING:
            return False
        capability = raw(name.value).decode("utf-8", "replace")
        return capability in _CALLBACKS and self._offers(capability)

    def embed(self, given: Arguments) -> object:
        """The vector of a text."""
        return self._ask("embed", ("text",), given)

    def llm(self, given: Arguments) -> object:
        """The answer of a language model to a system and a user text."""
        return self._ask("llm", ("system", "user"), given)

    def _offers(self, name: str) -> bool:
        return self._context.host.callbacks.get(_CALLBACKS[name]) is not None

    def _ask(self, name: str, parameters: tuple[str, ...], given: Arguments) -> object:
        fn = f"vulcan.models.{name}"
        try:
            if len(given) != len(parameters):
                raise HostFunctionError(f"{fn}: expected {len(parameters)} argument(s), got {len(given)}")
            texts: dict[str, Json] = {
                parameter: filled_text(fn, parameter, value) for parameter, value in zip(parameters, given, strict=True)
            }
        except HostFunctionError as error:
            return ModelFailure("invalid_argument", str(error)).envelope()
        callback = self._context.host.callbacks.get(_CALLBACKS[name])
        if callback is None:
            return ModelFailure("model_unavailable", _MISSING[name]).envelope()
        try:
            answer = callback(texts | {"caller": self._caller()})
        except Exception as error:
            return failure_of_exception(error).envelope()
        return answer_of(name, answer)

    def _caller(self) -> dict[str, Json]:
        skill, request = self._context.skill, self._context.request.request_context
        info = request.get("client_info")
        fallback = info.get("name") if isinstance(info, Mapping) else None
        return {
            "skill_id": skill.skill_id if skill else None,
            "entry_name": skill.entry_name if skill else None,
            "canonical_tool_name": skill.tool_name if skill else None,
            "root_name": skill.root_name if skill else None,
            "skill_dir": skill.skill_dir if skill else None,
            "client_name": request.get("client_name") or fallback,
            "request_id": request.get("request_id"),
        }
