"""The function as tests call it: a Csi that wants to see whole runs is shown them. Never part of a component."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from pharia_skill.description import SkillDescription
from pharia_skill.entry import Entry
from pharia_skill.json_type import JsonType


class SkillSpan(Protocol):
    """One run."""

    def output(self, json_text: str) -> None: ...


class ObservingCsi(Protocol):
    """What a Csi has to offer: :meth:`observe_skill` is entered around every run with it."""

    def observe_skill(
        self, name: str, input_json: Callable[[], str], writer: object | None
    ) -> AbstractContextManager[SkillSpan]: ...


def observable(
    func: Callable[..., Any],
    entry: Entry,
    description: SkillDescription,
    input_type: JsonType[Any],
    output_type: JsonType[Any] | None,
) -> Callable[..., Any]:
    """A function that does what ``func`` does, with its name, documentation, signature and globals.

    Message-stream skills have no ``output_type``; their writer is the second of three arguments.
    """
    name, parameters = entry.func.__name__, entry.parameters

    def run(*args: Any, **kwargs: Any) -> Any:
        given = {**dict(zip(parameters, args, strict=False)), **kwargs}
        csi: Any = given.get(parameters[0])
        # Looked up on the class, as mocks have every attribute one asks them for.
        if getattr(type(csi), "observe_skill", None) is None:
            return func(*args, **kwargs)
        writer = given.get(parameters[1]) if len(parameters) > 2 else None
        with csi.observe_skill(name, lambda: input_type.show(given.get(parameters[-1])), writer) as span:
            result = func(*args, **kwargs)
            if output_type is not None:
                span.output(output_type.show(result))
            return result

    # Tests reach the handler by the globals of what the decorator returns.
    wrapper = types.FunctionType(run.__code__, entry.globals, name, None, run.__closure__)
    functools.update_wrapper(wrapper, func)
    wrapper.__pharia_skill__ = description  # type: ignore[attr-defined]
    return wrapper
