"""``@skill``: a function that takes JSON and answers JSON."""

from __future__ import annotations

import inspect
import json
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast, overload

from pydantic import ValidationError

from pharia_skill.csi.csi import Csi
from pharia_skill.entry import Entry, Options
from pharia_skill.errors import InvalidSkill
from pharia_skill.json_type import JsonType, describe
from pharia_skill.snapshot import settle

Function = TypeVar("Function", bound=Callable[[Csi, Any], Any])

_NO_RESULT = (
    "The function must have a return type annotation. A skill is written `def name(csi: Csi, input: Input) -> Output`. "
    "The second argument must be a Pydantic model or another type pydantic can describe, and so must the result"
)


@overload
def skill(func: Function, /) -> Function: ...


@overload
def skill(
    *, name: str | None = None, description: str | None = None, examples: Sequence[Any] = (), tags: Sequence[str] = ()
) -> Callable[[Function], Function]: ...


def skill(
    func: Function | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    examples: Sequence[Any] = (),
    tags: Sequence[str] = (),
) -> Function | Callable[[Function], Function]:
    """Make a function the skill of its module. Called directly, in tests, it does what it did before.

    Input and output may be any type pydantic can describe: models, dataclasses, ``str``, ``list[int]``. Description and
    schemas of the skill come from the docstring and the annotations. ``description`` replaces the docstring,
    ``examples`` are valid inputs and become part of the input schema.

    Where a module has several skills, all but one need a ``name``; the component is the one without, unless the build
    names another function. Raises :class:`~pharia_skill.errors.InvalidSkill`.
    """
    scope = sys._getframe(1).f_locals
    options = Options(name, description, examples, tags)
    return _skill(func, scope, options) if func is not None else lambda func: _skill(func, scope, options)


def _skill(func: Function, scope: Mapping[str, Any], options: Options) -> Function:
    entry = Entry(func, "skill", scope, options)
    in_component = sys.platform == "wasi"
    if in_component and not entry.chosen:
        return func
    # Components of the other kind have no such bindings, and must be able to import this module.
    from pharia_skill.bindings.exports.skill_handler import SkillMetadata

    entry.require_arguments(2, "Skills must have exactly two arguments.")
    result = entry.result()
    if result is inspect.Signature.empty or result is type(None):
        raise InvalidSkill(_NO_RESULT)
    input_type = entry.input(1, "The second argument must be a Pydantic model")
    output_type = JsonType[Any](result, "The return type must be a Pydantic model")
    input_schema, output_schema = entry.input_schema(input_type), output_type.schema()
    metadata = SkillMetadata(entry.description, json.dumps(input_schema).encode(), json.dumps(output_schema).encode())
    entry.install("SkillHandler", _handler(func, input_type, output_type, metadata), "`@skill` can only be used once.")
    if in_component:
        return func
    from pharia_skill.description import SkillDescription
    from pharia_skill.observation import observable

    described = SkillDescription(
        kind="skill",
        function=entry.func.__name__,
        name=options.name or entry.func.__name__,
        description=entry.description,
        input_schema=input_schema,
        output_schema=output_schema,
        tags=tuple(options.tags),
    )
    return cast(Function, observable(func, entry, described, input_type, output_type))


def _handler(
    func: Callable[[Csi, Any], Any], input_type: JsonType[Any], output_type: JsonType[Any], description: Any
) -> type:
    from pharia_skill.bindings import exports
    from pharia_skill.bindings.exports.skill_handler import Error_Internal, Error_InvalidInput, SkillMetadata
    from pharia_skill.bindings.types import Err
    from pharia_skill.wit_csi import WitCsi

    csi, read, write = WitCsi(), input_type.read, output_type.write

    class SkillHandler(exports.SkillHandler):
        def __init__(self) -> None:
            settle(csi)

        def run(self, input: bytes) -> bytes:
            try:
                value = read(input)
            except ValidationError as error:
                raise Err(Error_InvalidInput(describe(error))) from None
            except Exception:
                raise Err(Error_InvalidInput(traceback.format_exc())) from None
            try:
                return write(func(csi, value))
            except (Exception, SystemExit):
                raise Err(Error_Internal(traceback.format_exc())) from None

        def metadata(self) -> SkillMetadata:
            metadata: SkillMetadata = description
            return metadata

    return SkillHandler
