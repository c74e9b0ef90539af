"""What the documentation says about settings is what the code has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from pharia_kernel.config.known import FIELDS
from pharia_kernel.config.tables import Table

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ROW = re.compile(r"^\| (`[^|]+) \|", re.MULTILINE)


def documented() -> set[str]:
    keys: set[str] = set()
    for cell in ROW.findall((ROOT / "docs" / "configuration.md").read_text()):
        first, *rest = re.findall(r"`([^`]+)`", cell)
        keys.add(first)
        keys |= {first.rsplit(".", 1)[0] + name for name in rest}
    return keys


def test_every_setting_is_documented_and_no_other() -> None:
    known = {re.sub(r"\.\*$", "", key).replace("*", "NAME") for key in FIELDS}
    assert documented() == known


def tables_in(annotation: Any) -> Iterator[type[Table]]:
    """Those that a value is made of, such as the entries of a list."""
    if isinstance(annotation, type) and issubclass(annotation, Table):
        yield annotation
        for info in annotation.model_fields.values():
            yield from tables_in(info.annotation)
    for inner in get_args(annotation):
        yield from tables_in(inner)


def test_what_stands_in_lists_is_documented() -> None:
    pages = "\n".join(page.read_text() for page in DOCS.glob("*.md"))
    inner = {table for annotation in FIELDS.values() for table in tables_in(annotation)}
    keys = {(table.__name__, info.alias or name) for table in inner for name, info in table.model_fields.items()}
    assert keys
    assert {(table, key) for table, key in keys if not re.search(rf"(?<![\w-]){key}(?![\w-])", pages)} == set()


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted(DOCS.glob("*.md"))], ids=lambda page: page.name)
def test_pages_name_files_that_exist(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_page_can_be_found() -> None:
    pages = [ROOT / "README.md", *DOCS.rglob("*.md")]
    linked = {
        (page.parent / link).resolve() for page in pages for link in re.findall(r"\]\(([^)#:]+)", page.read_text())
    }
    assert [page.name for page in DOCS.rglob("*.md") if page not in linked] == []
