"""The page about the CSI over HTTP says what the code has."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from pharia_kernel import errors
from pharia_kernel.api.csi.decoding import Body
from pharia_kernel.api.csi.functions import FUNCTIONS, STREAMS
from pharia_kernel.config import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "csi-over-http.md").read_text()


def table(heading: str) -> list[list[str]]:
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    return [re.split(r"\s*\|\s*", line.strip("| ")) for line in section.splitlines() if line.startswith("|")][2:]


def test_every_function_is_documented_and_no_other() -> None:
    documented = {name for row in table("Functions") for name in re.findall(r"`([^`]+)`", row[0])}
    assert documented == {*FUNCTIONS["v1"], *STREAMS["v1"]}


def test_errors_have_the_documented_status() -> None:
    known = {
        kind.code: kind.status
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.KernelError)
    }
    for status, codes, *_ in table("Errors and limits"):
        for code in re.findall(r"`([^`]+)`", codes):
            assert known[code] == int(status)


def test_named_limits_are_settings() -> None:
    assert set(re.findall(r"`(limits\.[^`]+)`", PAGE)) <= Settings().effective().keys()


def test_the_example_is_understood() -> None:
    (body,) = re.findall(r"--json '(.*?)'", PAGE, re.DOTALL)
    assert msgspec.json.decode(body)
    assert Body(FUNCTIONS["v1"]["invoke_tool"].body).decode(body.encode())
