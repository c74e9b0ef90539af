"""A message-stream skill; a last step ``report`` writes what the steps gave as the payload of a message."""

import json

from steps import Fail, Steps
from wit_world import exports
from wit_world.exports import message_stream
from wit_world.imports.streaming_output import (
    BeginAttributes,
    MessageItem_MessageBegin,
    MessageItem_MessageEnd,
)
from wit_world.types import Err


class MessageStream(exports.MessageStream):
    def run(self, input, output):
        steps = json.loads(input)
        report = steps[-1:] == [["report"]] and steps.pop()
        try:
            answers = Steps(output).take(steps)
        except Fail as failure:
            case, text = failure.args
            kind = message_stream.Error_Internal if case == "internal" else message_stream.Error_InvalidInput
            raise Err(kind(text)) from None
        if report:
            output.write(MessageItem_MessageBegin(BeginAttributes(None)))
            output.write(MessageItem_MessageEnd(json.dumps(answers).encode()))
