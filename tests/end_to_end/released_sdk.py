"""Runs in an interpreter that has SDK 0.19.2 and nothing of this project.

Calls every function of a kernel with that SDK's DevCsi and prints what came back as JSON: answers as text, or errors.
"""

from __future__ import annotations

import json
import runpy
import sys
from typing import Any

sys.path.insert(0, sys.argv[1])

from pharia_skill import ChatParams, Message
from pharia_skill.testing import DevCsi


def answer_of(call: Any, csi: DevCsi) -> str:
    answer = call(csi)
    if not hasattr(answer, "stream"):
        return repr(answer)
    text = "".join(getattr(part, "text", None) or part.content for part in answer.stream())
    return f"{text} {answer.finish_reason()!r} {answer.usage()!r}"


def main() -> None:
    calls = dict(runpy.run_path(sys.argv[2])["CALLS"])
    calls["chat_stream with a tool"] = lambda csi: csi.chat_stream(
        "model", [Message.user("1 + 2?")], ChatParams(), tools=["add"]
    )
    csi = DevCsi(namespace="test-beta")
    outcomes = {}
    for name, call in calls.items():
        try:
            outcomes[name] = answer_of(call, csi)
        except Exception as error:
            outcomes[name] = f"{type(error).__name__}: {error}"
    print(json.dumps(outcomes))


main()
