"""Without pydantic, as far as the skill itself is concerned."""

from pharia_skill.bindings import exports
from pharia_skill.bindings.exports.skill_handler import SkillMetadata


class SkillHandler(exports.SkillHandler):
    def run(self, input: bytes) -> bytes:
        return input

    def metadata(self) -> SkillMetadata:
        return SkillMetadata(None, b"{}", b"{}")
