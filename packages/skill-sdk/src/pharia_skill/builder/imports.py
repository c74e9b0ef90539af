"""What modules import, read off their text."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pharia_skill.builder.target import Target

_BINDINGS = "pharia_skill.bindings"
_NETWORK = ("socket", "ssl", "http.client", "urllib.request", "ftplib", "smtplib")
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def needs_pydantic(target: Target, roots: Sequence[Path]) -> bool:
    """Whether the skill uses more of the SDK than its bindings, or pydantic itself; its own modules are followed."""
    waiting, known = [target.file], set[Path]()
    while waiting:
        file = waiting.pop()
        if file in known:
            continue
        known.add(file)
        for name in _imports(file, roots):
            if _is_pydantic(name):
                return True
            waiting.extend(_modules(name, roots))
    return False


def late_imports(files: Mapping[str, Path], loaded: Collection[str]) -> list[str]:
    """Imports inside functions that will fail in a component, because the module was not imported before.

    ``files`` are the skill's own modules under the names to show; ``loaded`` are the modules in the component.
    """
    found = []
    for name, file in files.items():
        for line, module in sorted(_in_functions(_parsed(file))):
            if not _is_loaded(module, loaded):
                found.append(
                    f"{name} line {line}: `{module}` is imported inside a function and not at the top of a module; a "
                    "running skill can not import. Move the import to the top of the file"
                )
    return found


def network_imports(files: Mapping[str, Path]) -> list[str]:
    """Imports that work and are of no use: a component has no network. ``files`` are as for :func:`late_imports`."""
    return [
        f"{name} line {line}: `{module}` can be imported and can not connect to anything; let a tool do it and call "
        'that: csi.invoke_tool("fetch", url=…)'
        for name, file in files.items()
        for line, module in _absolute(ast.walk(_parsed(file)))
        if module in _NETWORK
    ]


def _is_loaded(module: str, loaded: Collection[str]) -> bool:
    return module in loaded or (module.rpartition(".")[0] in loaded and module.split(".")[0] in ("os", "collections"))


def _is_pydantic(name: str) -> bool:
    top = name.split(".")[0]
    if top == "pharia_skill":
        return not (name == _BINDINGS or name.startswith(f"{_BINDINGS}."))
    return top in ("pydantic", "pydantic_core")


def _imports(file: Path, roots: Sequence[Path]) -> Iterator[str]:
    for node in ast.walk(_parsed(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = _package(file, node.level, roots) if node.level else ""
            module = ".".join(part for part in (package, node.module) if part)
            if module != "pharia_skill" or any(alias.name != "bindings" for alias in node.names):
                yield module
            yield from (f"{module}.{alias.name}" if module else alias.name for alias in node.names)


def _in_functions(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Absolute imports in the bodies of functions, but for those somebody expects to fail."""
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
    while waiting:
        node, inside = waiting.pop()
        if isinstance(node, ast.Try) and node.handlers:
            waiting += [(child, inside) for child in (*node.handlers, *node.orelse, *node.finalbody)]
            continue
        if inside:
            yield from _absolute([node])
        waiting += [(child, inside or isinstance(node, _FUNCTION)) for child in ast.iter_child_nodes(node)]


def _absolute(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    """Line and module of every import that is not relative."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module


def _parsed(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return ast.Module([], [])


def _package(file: Path, level: int, roots: Sequence[Path]) -> str:
    folder = file.parents[level - 1]
    for root in roots:
        if folder.is_relative_to(root):
            return ".".join(folder.relative_to(root).parts)
    return ""


def _modules(name: str, roots: Sequence[Path]) -> Iterator[Path]:
    """The file of a module and those of the packages around it."""
    parts = name.split(".")
    for root in roots:
        for length in range(1, len(parts) + 1):
            base = root.joinpath(*parts[:length])
            yield from (file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file())
