"""Helm's own engine, in a process of its own: it brings another language's runtime, with its own signal handlers."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "pharia-kernel"
RELEASE, NAMESPACE = "demo", "ai"


class Refused(Exception):
    """Helm does not render these values; the text is what its user reads."""


def manifests(values: dict[str, Any]) -> list[dict[str, Any]]:
    """What would be applied to a cluster; raises :class:`Refused`."""
    texts = _asked("render", json.dumps(values, sort_keys=True))
    return [yaml.safe_load(text) for name, text in sorted(texts.items()) if name.endswith(".yaml") and text.strip()]


def lint(values: dict[str, Any]) -> list[str]:
    """What Helm finds wrong, beside its wish for a picture."""
    found = _asked("lint", json.dumps(values, sort_keys=True))
    messages = [message["error"] for message in found["messages"]] + found["errors"]
    return [message for message in messages if message != "icon is recommended"]


@functools.cache
def _asked(what: str, values: str) -> Any:
    command = [sys.executable, __file__, what]
    done = subprocess.run(command, input=values, capture_output=True, text=True, timeout=100, check=True)
    answer = json.loads(done.stdout)
    if "refused" in answer:
        raise Refused(answer["refused"])
    return answer["found"]


def _child(what: str) -> None:
    import helm_python

    values = json.load(sys.stdin)
    try:
        if what == "lint":
            found: Any = helm_python.lint(CHART, values, strict=True)
        else:
            with helm_python.Chart.load(CHART) as chart:
                chart.validate_schema(values)
                found = chart.render(values, name=RELEASE, namespace=NAMESPACE)
        print(json.dumps({"found": found}))
    except helm_python.HelmError as error:
        print(json.dumps({"refused": str(error)}))


if __name__ == "__main__":
    _child(sys.argv[1])
