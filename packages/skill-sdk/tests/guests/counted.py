"""How often objects of the build are referred to, and where those of a call lie."""

import json
import sys
from typing import Any


class Answer:
    pass


HELD = [Answer(), {"key": "a string"}, ("a", "tuple"), b"bytes", 123456.5]


def counted() -> dict[str, Any]:
    there = [*HELD, HELD, Answer, counted, json, json.dumps, json.dumps.__code__]
    made = [Answer() for _ in range(200)]
    return {"references": [sys.getrefcount(each) for each in there], "pages": sorted({id(each) >> 12 for each in made})}
