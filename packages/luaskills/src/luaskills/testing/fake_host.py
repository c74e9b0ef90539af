"""A host that answers as the test says: tools, models and databases."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from luaskills.testing.host import Callback, HostCall, bare
from luaskills.testing.script import Answer, Script, When, label, shown
from luaskills.types import Json

PROVIDERS = ("sqlite", "lancedb")


class FakeHost:
    """Prepare answers with the ``answer_…`` methods, then give :attr:`callbacks` to an engine.

    Answers are given in the order they were prepared, each once, or as often as ``times`` says (None: always). A
    request without an answer fails in the skill and is one of :meth:`problems`. What no answer was ever prepared for
    is not there at all: a skill sees a host without tools, without that model, without that database provider.
    """

    def __init__(self) -> None:
        self._script = Script()
        self._calls: list[HostCall] = []
        self._unexpected: list[str] = []

    def answer_tool(self, name: str, answer: Answer, *, when: When = None, times: int | None = 1) -> None:
        """What ``vulcan.host.call(name, args)`` gets; ``when`` looks at the arguments. The tool exists from now on."""
        self._script.add("host_tool", name, answer, when, times)

    def answer_llm(self, answer: Answer, *, when: When = None, times: int | None = 1) -> None:
        """A text, or a whole response of a model callback; ``when`` looks at ``system`` and ``user``."""
        self._script.add("model_llm", "", answer, when, times)

    def answer_embedding(self, answer: Answer, *, when: When = None, times: int | None = 1) -> None:
        """A vector, or a whole response of a model callback; ``when`` looks at ``text``."""
        self._script.add("model_embed", "", answer, when, times)

    def embed_everything(self, dimensions: int = 8) -> None:
        """Every text gets a vector of length 1 made from a hash of it: the same text, the same vector."""
        self.answer_embedding(lambda request: hash_vector(request["text"], dimensions), times=None)

    def answer_database(
        self, provider: str, action: str, answer: Answer, *, when: When = None, times: int | None = 1
    ) -> None:
        """What ``vulcan.sqlite`` or ``vulcan.lancedb`` gets for an action; ``when`` looks at the input."""
        if provider not in PROVIDERS:
            raise ValueError(f"a database is one of {', '.join(PROVIDERS)}, not {provider!r}")
        self._script.add(f"{provider}_provider", action, answer, when, times)

    @property
    def callbacks(self) -> Mapping[str, Callback]:
        """The callbacks for which there are answers."""
        known: dict[str, Callback] = {
            "host_tool": self._host_tool,
            "model_llm": self._llm,
            "model_embed": self._embed,
            "sqlite_provider": self._sqlite,
            "lancedb_provider": self._lancedb,
        }
        return {to: callback for to, callback in known.items() if self._script.names(to)}

    @property
    def calls(self) -> list[HostCall]:
        """What was asked so far, in order."""
        return list(self._calls)

    def problems(self) -> list[str]:
        """Requests without an answer, and answers that nobody asked for."""
        return [*self._unexpected, *(f"an answer was not asked for: {rest}" for rest in self._script.unused())]

    def _ask(self, to: str, name: str, request: Json, asked: Json) -> Json:
        """The prepared answer; ``asked`` is the part of the request that ``when`` looks at."""
        prepared = self._script.find(to, name, asked, _text(asked))
        if prepared is None:
            more = "no answer is left" if name in self._script.names(to) else "there is no answer"
            error: Exception = LookupError(f"{more} for {label(to, name)} with {shown(asked)}")
            self._unexpected.append(str(error))
        else:
            try:
                answer = prepared.give(asked)
                self._calls.append(HostCall(to, bare(to, request), answer))
                return answer
            except Exception as raised:
                error = raised
        self._calls.append(HostCall(to, bare(to, request), error=str(error)))
        raise error

    def _host_tool(self, request: Json) -> Json:
        name, tools = request.get("tool_name"), self._script.names("host_tool")
        if request["action"] == "list":
            return tools
        if request["action"] == "has":
            return name in tools
        return self._ask("host_tool", name, request, request.get("args") or {})

    def _llm(self, request: Json) -> Json:
        answer = self._ask("model_llm", "", request, bare("model_llm", request))
        return {"assistant": answer} if isinstance(answer, str) else answer

    def _embed(self, request: Json) -> Json:
        answer = self._ask("model_embed", "", request, bare("model_embed", request))
        if isinstance(answer, Sequence) and not isinstance(answer, str):
            return {"vector": list(answer), "dimensions": len(answer)}
        return answer

    def _sqlite(self, request: Json) -> Json:
        return self._ask("sqlite_provider", request["action"], request, request.get("input"))

    def _lancedb(self, request: Json) -> Json:
        answer = self._ask("lancedb_provider", request["action"], request, request.get("input"))
        return answer if isinstance(answer, Mapping) and "meta" in answer else {"meta": answer}


def _text(asked: Json) -> str:
    """Where a text is looked for: the texts of the request, and JSON for the rest."""
    if isinstance(asked, Mapping) and all(isinstance(value, str) for value in asked.values()):
        return "\n".join(asked.values())
    return json.dumps(asked, ensure_ascii=False)


def hash_vector(text: str, dimensions: int) -> list[float]:
    """A vector of length 1 that depends on the text alone."""
    if dimensions < 1:
        raise ValueError(f"a vector has at least one dimension, not {dimensions}")
    raw = hashlib.shake_256(text.encode("utf-8")).digest(dimensions * 2)
    values = [int.from_bytes(raw[at : at + 2], "big") / 32767.5 - 1 for at in range(0, len(raw), 2)]
    length = sum(value * value for value in values) ** 0.5 or 1.0
    return [round(value / length, 6) for value in values]
