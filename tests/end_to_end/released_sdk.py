"""Runs in an interpreter that has a released SDK and nothing of this project.

Calls every function of a kernel with that SDK's DevCsi and prints what came back as JSON: answers as text, or errors.
"""

from __future__ import annotations

import json
import runpy
import sys
from typing import Any

sys.path.extend(sys.argv[3:])

from pharia_skill.testing import DevCsi

_CALLS, _OPTIONS = sys.argv[1:3]


def answer_of(call: Any, csi: DevCsi) -> str:
    answer = call(csi)
    if not hasattr(answer, "stream"):
        return repr(answer)
    text = "".join(getattr(part, "text", None) or part.content for part in answer.stream())
    return f"{text} {answer.finish_reason()!r} {answer.usage()!r}"


def main() -> None:
    csi = DevCsi(**json.loads(_OPTIONS))
    outcomes = {}
    for name, call in runpy.run_path(_CALLS)["CALLS"].items():
        try:
            outcomes[name] = answer_of(call, csi)
        except Exception as error:
            outcomes[name] = f"{type(error).__name__}: {error}"
    print(json.dumps(outcomes))


main()
