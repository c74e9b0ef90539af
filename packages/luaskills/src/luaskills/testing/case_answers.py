"""The answers a case file prepares: ``host_tools``, ``models`` and ``databases``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luaskills.testing.case import ScriptedAnswer
from luaskills.testing.fake_host import PROVIDERS, FakeHost, hash_vector
from luaskills.testing.fields import Fields
from luaskills.types import Json

_RULE = frozenset({"when", "answer", "error", "times"})
_MODELS = ("llm", "embed")


def read_answers(fields: Fields, always: bool) -> tuple[ScriptedAnswer, ...]:
    """Answers of a case, or (``always``) of a whole file, where each is given as often as it is asked for."""
    found: list[ScriptedAnswer] = []
    tools, models, databases = (fields.inner(key) for key in ("host_tools", "models", "databases"))
    for name in tools.value:
        found += _answers(tools, name, "host_tool", name, always)
    models.only("`models`", _MODELS)
    for kind in models.value:
        found += _answers(models, kind, kind, "", always)
    databases.only("`databases`", PROVIDERS)
    for provider in databases.value:
        actions = databases.inner(provider)
        for action in actions.value:
            found += _answers(actions, action, provider, action, always)
    return tuple(found)


def merged(of_file: tuple[ScriptedAnswer, ...], of_case: tuple[ScriptedAnswer, ...]) -> tuple[ScriptedAnswer, ...]:
    """What a case says about a tool, a model or an action takes the place of what its file says."""
    said = {(answer.kind, answer.name) for answer in of_case}
    return (*of_case, *(answer for answer in of_file if (answer.kind, answer.name) not in said))


def fake_host(answers: tuple[ScriptedAnswer, ...]) -> FakeHost:
    """A host that gives these answers."""
    host = FakeHost()
    for one in answers:
        if one.kind == "host_tool":
            host.answer_tool(one.name, one.answer, when=one.when, times=one.times)
        elif one.kind == "llm":
            host.answer_llm(one.answer, when=one.when, times=one.times)
        elif one.kind == "embed":
            host.answer_embedding(one.answer, when=one.when, times=one.times)
        else:
            host.answer_database(one.kind, one.name, one.answer, when=one.when, times=one.times)
    return host


def _answers(fields: Fields, key: str, kind: str, name: str, always: bool) -> list[ScriptedAnswer]:
    value = fields.value[key]
    if isinstance(value, list) and value and all(_is_rule(item) for item in value):
        return [_rule(rule, kind, name, None if always else 1) for rule in fields.items(key)]
    if _is_rule(value):
        return [_rule(fields.inner(key), kind, name, None)]
    return [ScriptedAnswer(kind, name, _answer(kind, value), None, None)]


def _is_rule(value: Json) -> bool:
    return isinstance(value, dict) and _RULE.issuperset(value) and ("answer" in value or "error" in value)


def _rule(fields: Fields, kind: str, name: str, times: int | None) -> ScriptedAnswer:
    if "answer" in fields.value and "error" in fields.value:
        raise fields.problem("error", "an answer has either `answer` or `error`")
    when, given = fields.value.get("when"), fields.value.get("times", times)
    if not isinstance(when, str | dict | None):
        raise fields.problem("when", "`when` must be a text to look for or a mapping of members")
    if given == "always":
        given = None
    if given is not None and (isinstance(given, bool) or not isinstance(given, int) or given < 1):
        raise fields.problem("times", "`times` must be a number from 1 on, or the word `always`")
    if "error" in fields.value:
        return ScriptedAnswer(kind, name, _error(kind, fields.value["error"]), when, given)
    return ScriptedAnswer(kind, name, _answer(kind, fields.value["answer"]), when, given)


def _answer(kind: str, value: Json) -> Any:
    """``embed: {dimensions: 8}`` asks for vectors made from the texts."""
    if kind == "embed" and isinstance(value, Mapping) and set(value) == {"dimensions"}:
        return lambda request: hash_vector(request["text"], int(value["dimensions"]))
    return value


def _error(kind: str, error: Json) -> Any:
    """What a skill sees of it: a model failure has a code, all else is a text."""
    if kind in _MODELS and isinstance(error, Mapping):
        return {"ok": False, "error": dict(error)}
    return RuntimeError(str(error))
