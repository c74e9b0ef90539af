"""Comparing what came of a call with what a case expects."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from luaskills.testing.case import Expectation
from luaskills.testing.host import HostCall
from luaskills.testing.script import holds
from luaskills.types import CallResult, Json

_PRINTED = "[LuaSkill:info] "


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call: a result or the text of its error, and what happened on the way."""

    result: CallResult | None
    error: str | None
    calls: Sequence[HostCall]
    config: Mapping[str, str]
    log: Sequence[str]


def differences(expect: Expectation, outcome: Outcome) -> list[str]:
    """Everything that is not as expected, each as lines for a reader; empty when all is."""
    if outcome.result is None:
        found = list(_of_error(expect, outcome.error or ""))
    elif expect.error is not None:
        found = [f"the call does not fail with {expect.error!r} but gives:\n{_indented(outcome.result.content)}"]
    else:
        found = list(_of_result(expect, outcome.result))
    return found + list(_of_rest(expect, outcome))


def call_of_case(call: HostCall) -> dict[str, Json]:
    """A request as case files write it."""
    request = call.request if isinstance(call.request, Mapping) else {}
    if call.to == "host_tool":
        return {"host_tool": request.get("tool_name"), "args": request.get("args")}
    if call.to == "model_llm":
        return {"llm": dict(request)}
    if call.to == "model_embed":
        return {"embed": request.get("text")}
    return {call.to.removesuffix("_provider"): request.get("action"), "input": request.get("input")}


def _of_error(expect: Expectation, error: str) -> Iterator[str]:
    if expect.error is None:
        yield f"the call fails:\n{_indented(error)}"
    elif expect.error not in error:
        yield f"the call does not fail with {expect.error!r} but with:\n{_indented(error)}"


def _of_result(expect: Expectation, result: CallResult) -> Iterator[str]:
    content = result.content
    if expect.content is not None and content != expect.content:
        yield f"the content is not as expected:\n{_compared(expect.content, content)}"
    for part in expect.contains:
        if part not in content:
            yield f"the content does not contain {part!r}:\n{_indented(content)}"
    for part in expect.lacks:
        if part in content:
            yield f"the content contains {part!r}:\n{_indented(content)}"
    if expect.matches is not None and re.search(expect.matches, content, re.MULTILINE) is None:
        yield f"the content does not match {expect.matches!r}:\n{_indented(content)}"
    if expect.has_json:
        yield from _of_json(expect.json, content)
    mode = (result.overflow_mode or "").lower()
    if expect.overflow_mode is not None and mode != expect.overflow_mode.lower():
        yield f"the overflow mode is {mode or 'none'}, not {expect.overflow_mode}"
    if expect.template_hint is not None and result.template_hint != expect.template_hint:
        yield f"the template hint is {result.template_hint!r}, not {expect.template_hint!r}"
    if expect.host_result is not None and not holds(expect.host_result, result.host_result):
        yield f"the host_result is not as expected:\n{_compared_json(expect.host_result, result.host_result)}"


def _of_json(wanted: Json, content: str) -> Iterator[str]:
    try:
        value = json.loads(content)
    except ValueError as error:
        yield f"the content is not JSON ({error}):\n{_indented(content)}"
        return
    if not holds(wanted, value):
        yield f"the JSON of the content is not as expected:\n{_compared_json(wanted, value)}"


def _of_rest(expect: Expectation, outcome: Outcome) -> Iterator[str]:
    asked = [call_of_case(call) for call in outcome.calls]
    if expect.calls is not None and not holds(list(expect.calls), asked):
        yield f"the skill did not ask its host as expected:\n{_compared_json(list(expect.calls), asked)}"
    if expect.config is not None and not holds(expect.config, outcome.config):
        yield f"the configuration is not as expected:\n{_compared_json(expect.config, outcome.config)}"
    printed = [line.removeprefix(_PRINTED) for line in outcome.log if line.startswith(_PRINTED)]
    for line in expect.printed:
        if line not in printed:
            yield f"{line!r} was not printed; printed was:\n{_indented(chr(10).join(printed))}"


def _compared_json(wanted: Json, value: Json) -> str:
    return _compared(*(json.dumps(one, indent=2, sort_keys=True, ensure_ascii=False) for one in (wanted, value)))


def _compared(wanted: str, value: str) -> str:
    """Lines with ``-`` are expected and missing, lines with ``+`` are there and not expected."""
    lines = difflib.ndiff(wanted.splitlines(), value.splitlines())
    return _indented("\n".join(line for line in lines if not line.startswith("?")) or f"- {wanted!r}\n+ {value!r}")


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines()) or "    (nothing)"
