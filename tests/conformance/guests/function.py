"""A function skill of 0.1 or later; the older ones do not ask for metadata."""

import json

from steps import Answer, Fail, Steps
from wit_world import exports
from wit_world.exports import skill_handler
from wit_world.types import Err


class SkillHandler(exports.SkillHandler):
    def run(self, input):
        try:
            return json.dumps(Steps().take(json.loads(input))).encode()
        except Answer as answer:
            return answer.args[0]
        except Fail as failure:
            case, text = failure.args
            kind = skill_handler.Error_Internal if case == "internal" else skill_handler.Error_InvalidInput
            raise Err(kind(text)) from None

    def metadata(self):
        return skill_handler.SkillMetadata("does steps", b'{"type": "array"}', b'{"items": {"type": "integer"}}')
