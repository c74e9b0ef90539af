"""`vulcan.path`: texts only."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("join('a', 'b', 'c.txt')", "a/b/c.txt"),
        ("join('a', '/b', 'c')", "/b/c"),
        ("dirname('/x/y.z')", "/x"),
        ("dirname('y')", "."),
        ("basename('/x/y.z')", "y.z"),
        ("stem('a.tar.gz')", "a.tar"),
        ("stem('.bashrc')", ".bashrc"),
        ("extname('a.tar.gz')", ".gz"),
        ("extname('.bashrc')", ""),
        ("normalize('a/./b/../c')", "a/c"),
        ("normalize('a/..')", "."),
        ("normalize('../x')", "../x"),
        ("normalize('/../x')", "/x"),
        ("is_abs('/x')", True),
        ("is_abs('x')", False),
    ],
)
def test_paths(each, code, result):
    assert each.run(f"return vulcan.path.{code}") == result


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("join()", "path.join: expected at least one path segment"),
        ("join('a', 5)", "path.join: part[2] must be a string, got integer"),
        ("stem(nil)", "path.stem: path must be a string, got nil"),
    ],
)
def test_bad_parts_are_refused(bench, code, message):
    assert bench.refusal(f"return vulcan.path.{code}") == message
