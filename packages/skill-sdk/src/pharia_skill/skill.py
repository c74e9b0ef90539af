"""``@skill``: a function that takes JSON and answers JSON."""

from __future__ import annotations

import inspect
import json
import sys
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import ValidationError

from pharia_skill.csi.csi import Csi
from pharia_skill.entry import Entry, Json, describe
from pharia_skill.errors import InvalidSkill

Function = TypeVar("Function", bound=Callable[[Csi, Any], Any])


def skill(func: Function) -> Function:
    """Make a function the skill of its module; give the function back unchanged, so that tests can call it.

    Input and output may be any type pydantic can describe: models, dataclasses, ``str``, ``list[int]``. Description and
    schemas of the skill come from the docstring and the annotations. Raises
    :class:`~pharia_skill.errors.InvalidSkill`.
    """
    # Components of the other kind have no such bindings, and must be able to import this module.
    from pharia_skill.bindings import exports
    from pharia_skill.bindings.exports.skill_handler import Error_Internal, Error_InvalidInput, SkillMetadata
    from pharia_skill.bindings.types import Err
    from pharia_skill.wit_csi import WitCsi

    entry = Entry(func, "skill", sys._getframe(1).f_locals)
    entry.require_arguments(2, "Skills must have exactly two arguments.")
    input_type = entry.argument(1, "The second argument must be a Pydantic model")
    output_type = _output_of(entry)
    metadata = SkillMetadata(func.__doc__, _bytes_of(input_type.schema), _bytes_of(output_type.schema))

    class SkillHandler(exports.SkillHandler):
        def run(self, input: bytes) -> bytes:
            try:
                value = input_type.read(input)
            except ValidationError as error:
                raise Err(Error_InvalidInput(describe(error))) from None
            except Exception:
                raise Err(Error_InvalidInput(traceback.format_exc())) from None
            try:
                return output_type.write(func(WitCsi(), value))
            except Exception:
                raise Err(Error_Internal(traceback.format_exc())) from None

        def metadata(self) -> SkillMetadata:
            return metadata

    SkillHandler.__qualname__ = func.__name__
    entry.install("SkillHandler", SkillHandler, "`@skill` can only be used once.")
    return func


def _output_of(entry: Entry) -> Json[Any]:
    annotation = entry.result()
    if annotation is inspect.Signature.empty or annotation is type(None):
        raise InvalidSkill("The function must have a return type annotation")
    return Json(annotation, "The return type must be a Pydantic model")


def _bytes_of(schema: dict[str, Any]) -> bytes:
    return json.dumps(schema).encode()
