"""What ``poem`` does, written against pydantic and the generated bindings: the part of a call no SDK can save."""

from pydantic import BaseModel

from pharia_skill.bindings import exports
from pharia_skill.bindings.exports.skill_handler import SkillMetadata
from pharia_skill.bindings.imports import inference

PARAMS = inference.ChatParams(64, None, None, None, None, inference.Logprobs_No())
MESSAGES = [
    inference.Message("system", "You are a poet who strictly speaks in haikus."),
    inference.Message("user", "oat milk"),
]
REQUEST = inference.ChatRequest("stub", MESSAGES, PARAMS)


class Input(BaseModel):
    topic: str


class Output(BaseModel):
    poem: str


class SkillHandler(exports.SkillHandler):
    def run(self, input: bytes) -> bytes:
        Input.model_validate_json(input)
        answer = inference.chat([REQUEST])[0]
        return Output(poem=answer.message.content.strip()).model_dump_json().encode()

    def metadata(self) -> SkillMetadata:
        return SkillMetadata(None, b"{}", b"{}")
