"""What a module imports, read off its text."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import PathFinder
from pathlib import Path


def imported(tree: ast.Module, package: str) -> Iterator[tuple[str, str | None]]:
    """Absolute module names, each with a name taken from it that may be a module as well.

    ``package`` is what relative imports begin at. Imports inside functions are left out: in a component nothing can be
    loaded once a call has begun.
    """
    for node in _executed(tree.body):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, None
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, package)
            for alias in node.names:
                yield module, None if alias.name == "*" else alias.name


def find_own(name: str, roots: Sequence[Path]) -> tuple[Path, Path] | None:
    """The first root that has the module, and its file there; a folder without ``__init__.py`` counts as well."""
    for root in roots:
        base = root.joinpath(*name.split("."))
        for file in (base / "__init__.py", base.with_name(f"{base.name}.py")):
            if file.is_file():
                return root, file
        if base.is_dir() and any(base.glob("*.py")):
            return root, base
    return None


def is_installed_module(name: str) -> bool:
    """Whether this environment has a module of that name; nothing is imported to find out."""
    if not name:
        return False
    places: Sequence[str] | None = None
    for part in name.split("."):
        if places is None and part in sys.builtin_module_names:
            return "." not in name
        spec = PathFinder.find_spec(part, places)
        if spec is None:
            return False
        places = list(spec.submodule_search_locations or [])
    return True


def _executed(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """What runs when the module is imported."""
    for node in body:
        yield node
        match node:
            case ast.If(test=test, orelse=other) if ast.unparse(test).endswith("TYPE_CHECKING"):
                yield from _executed(other)
            case ast.If() | ast.For() | ast.While():
                yield from _executed([*node.body, *node.orelse])
            case ast.Try():
                handled = [statement for handler in node.handlers for statement in handler.body]
                yield from _executed([*node.body, *handled, *node.orelse, *node.finalbody])
            case ast.With() | ast.ClassDef():
                yield from _executed(node.body)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    outer = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*outer, *([node.module] if node.module else [])])
