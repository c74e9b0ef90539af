"""Every row of the behaviours checklist is named by a test that proves it.

A test names its rows at the beginning of its docstring ("Rows 31, 32.") or of a comment above or inside of it
("# row 12"). A range in the docstring of a module is no proof.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROWS = frozenset(range(1, 179))
WINDOWS_ONLY: frozenset[int] = frozenset()
"""Rows that only Windows can show. There are none: where systems differ, the row's test is about this one."""
_NAMED = re.compile(r"(?:# r|R)ows? (\d+(?:, \d+)*)(?![\d\u2013-]| to )")


def named(text: str | None) -> set[int]:
    """The rows at the beginning of a comment or docstring."""
    match = _NAMED.match(text or "")
    return {int(number) for number in match[1].split(", ")} if match else set()


def comments(source: str) -> dict[int, set[int]]:
    """The rows that comments name, by line."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    found = {token.start[0]: named(token.string) for token in tokens if token.type == tokenize.COMMENT}
    return {line: rows for line, rows in found.items() if rows}


def with_lines(body: list[ast.stmt], start: int = 1) -> Iterator[tuple[range, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Each test with its lines, from the end of what stands above it."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from with_lines(node.body, start)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield range(start, (node.end_lineno or node.lineno) + 1), node
        start = (node.end_lineno or node.lineno) + 1


def proven(source: str) -> tuple[set[int], list[int]]:
    """The rows that the tests of a module name, and the lines of comments that name rows away from any test."""
    rows: set[int] = set()
    loose = comments(source)
    for lines, test in with_lines(ast.parse(source).body):
        rows |= named(ast.get_docstring(test))
        for line in lines:
            rows |= loose.pop(line, set())
    return rows, sorted(loose)


def test_every_row_has_its_test() -> None:
    missing = set(ROWS - WINDOWS_ONLY)
    for path in TESTS.rglob("test_*.py"):
        missing -= proven(path.read_text("utf-8"))[0]
    assert sorted(missing) == []


def test_every_row_that_is_named_exists_and_belongs_to_a_test() -> None:
    wrong = {}
    for path in TESTS.rglob("test_*.py"):
        rows, loose = proven(path.read_text("utf-8"))
        if loose or rows - ROWS:
            wrong[path.name] = (loose, sorted(rows - ROWS))
    assert wrong == {}


@pytest.mark.parametrize(
    ("source", "rows", "loose"),
    [
        ("# rows 1, 2\n@mark\ndef test_a(): pass", {1, 2}, []),
        ("def test_a():\n    # row 3, its first half\n    pass", {3}, []),
        ("class TestA:\n    async def test_a(self):\n        '''Row 4.'''", {4}, []),
        ("def test_a():\n    '''Rows 5, 6: both.'''", {5, 6}, []),
        ("# row 7\ndef helper(): pass\n\ndef test_a(): pass", set(), [1]),
        ("def test_a(): pass\n# row 8", set(), [2]),
        ("'''Calls: rows 1 to 9.'''\n# rows 1 to 9\ndef test_a():\n    '''Rows 1 to 9.'''", set(), []),
        ("def test_a():\n    '''Not about row 9.'''\n    x = '# row 9'", set(), []),
    ],
)
def test_only_a_test_proves_a_row(source: str, rows: set[int], loose: list[int]) -> None:
    assert proven(source) == (rows, loose)
