"""The loader for functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pharia_skill.bindings import exports
from pharia_skill.bindings.exports.skill_handler import Error_Internal
from pharia_skill.bindings.types import Err

from .loading import SourceFailed, load_handler
from .snapshot import fill

if TYPE_CHECKING:
    from pharia_skill.bindings.exports.skill_handler import SkillMetadata

_ABSENT = fill()


class SkillHandler(exports.SkillHandler):
    def run(self, input: bytes) -> bytes:
        try:
            handler = load_handler("SkillHandler", _ABSENT)
        except SourceFailed as error:
            raise Err(Error_Internal(str(error))) from None
        answer: bytes = handler.run(input)
        return answer

    def metadata(self) -> SkillMetadata:
        try:
            handler = load_handler("SkillHandler", _ABSENT)
        except SourceFailed as error:  # the interface has no error here: the host shows the last line
            raise SourceFailed(" ".join(str(error).split())) from None
        metadata: SkillMetadata = handler.metadata()
        return metadata
