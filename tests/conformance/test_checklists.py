"""The checklists are complete, and the tests they name are there."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from .checklists import COMPATIBILITY, HOST, OVER_HTTP, Row

_ROOT = Path(__file__).parents[2]


@cache
def defined_in(path: str) -> frozenset[str]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = {node.name for node in ast.parse((_ROOT / path).read_text()).body if isinstance(node, functions)}
    return frozenset(name for name in found if name.startswith("test_"))


async def test_no_row_is_forgotten() -> None:
    assert [row.number for row in HOST] == list(range(1, 16))
    assert [row.number for row in OVER_HTTP] == list(range(68, 95))
    assert len({row.number for row in COMPATIBILITY}) == len(COMPATIBILITY)


@pytest.mark.parametrize("row", [*HOST, *COMPATIBILITY], ids=lambda row: f"{row.number} {row.what}")
async def test_a_row_has_its_tests(row: Row) -> None:
    assert bool(row.tests) != bool(row.elsewhere)
    for named in row.tests:
        path, _, name = named.partition("::")
        assert (name in defined_in(path)) if name else defined_in(path), named
