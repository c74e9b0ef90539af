"""YAML with the line of every value."""

from __future__ import annotations

from pathlib import Path

import pytest

from luaskills.testing.lined_yaml import LARGEST_BYTES, YamlProblem, parse_lined, read_lined

TEXT = """\
# a comment
name: x
list:
  - a: 1
    b: [1,
        2]
  - deep:
      er: yes
"""


def test_values_and_their_lines_are_known() -> None:
    read = parse_lined(TEXT)
    assert read.value == {"name": "x", "list": [{"a": 1, "b": [1, 2]}, {"deep": {"er": "yes"}}]}
    assert [read.line(*place) for place in ((), ("name",), ("list",), ("list", 0), ("list", 0, "b", 1))] == [
        2,
        2,
        3,
        4,
        6,
    ]
    assert read.line("list", 1, "deep", "er") == 8


def test_what_has_no_line_has_that_of_what_is_around_it() -> None:
    assert parse_lined(TEXT).line("list", 0, "none", 5) == 4
    assert parse_lined("").line("x") == 1


def test_only_true_and_false_are_booleans_and_dates_are_texts() -> None:
    assert parse_lined("[true, false, yes, on, off, 2024-01-31]").value == [
        True,
        False,
        "yes",
        "on",
        "off",
        "2024-01-31",
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: [", 2, "expected the node content"),
        ("a: 1\n- b", 2, "expected <block end>"),
        ("!!python/object:os.system x", 1, "could not determine a constructor"),
        ("a: &a [*a]", 1, "has more than 100000 values"),
        ("{[1]: 2}", 1, "unhashable"),
        ("[" * 5000, 1, "recursion"),
    ],
)
def test_what_can_not_be_read_is_a_problem_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(YamlProblem, match=message) as caught:
        parse_lined(text)
    assert caught.value.line == line


def test_aliases_of_aliases_are_refused_at_once() -> None:
    lines = ["x0: &x0 [a, b]", *(f"x{n}: &x{n} [*x{n - 1}, *x{n - 1}]" for n in range(1, 60))]
    with pytest.raises(YamlProblem, match="aliases counted"):
        parse_lined("\n".join(lines))


def test_a_file_that_is_too_large_or_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(YamlProblem, match="not UTF-8"):
        read_lined(file)
    file.write_bytes(b"a" * (LARGEST_BYTES + 1))
    with pytest.raises(YamlProblem, match="larger than"):
        read_lined(file)
    with pytest.raises(YamlProblem, match="can not be read: No such file"):
        read_lined(tmp_path / "none")
