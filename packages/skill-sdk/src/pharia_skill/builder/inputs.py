"""What a component is made of, as one digest: it tells whether a build would change anything."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Sequence
from importlib.metadata import distributions
from pathlib import Path

from pharia_skill.builder.target import Target


def fingerprint(target: Target, source_paths: Sequence[Path], settings: str) -> str:
    """Hexadecimal SHA-256 over the skill's own sources, the SDK's, the installed distributions and ``settings``.

    The skill's sources are its module, what it imports from its root and ``source_paths``, and all files of the
    packages among them. A file a single module reads while it is imported is not seen.
    """
    digest = hashlib.sha256(settings.encode())
    for name, version in sorted(_installed()):
        digest.update(f"\0{name}=={version}".encode())
    sdk = Path(__file__).parent.parent
    files = [*_files(sdk), *_sources(target, [target.root, *(path.resolve() for path in source_paths)])]
    for file in files:
        content = file.read_bytes()
        digest.update(f"\0{file.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _installed() -> set[tuple[str, str]]:
    return {(each.name, each.version) for each in distributions() if each.name}


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _sources(target: Target, roots: list[Path]) -> list[Path]:
    """The target's file and everything it imports from ``roots``, followed without running anything."""
    seen: dict[Path, None] = {}
    waiting = [target.file, *_modules(f"{target.module}", roots)]
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen[file] = None
        if file.name == "__init__.py":
            waiting.extend(_files(file.parent))
        elif file.suffix == ".py":
            waiting.extend(path for name in _imports(file, roots) for path in _modules(name, roots))
    return sorted(seen)


def _imports(file: Path, roots: list[Path]) -> Iterator[str]:
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = _package(file, node.level, roots) if node.level else ""
            module = ".".join(part for part in (package, node.module) if part)
            yield module
            yield from (f"{module}.{alias.name}" if module else alias.name for alias in node.names)


def _package(file: Path, level: int, roots: list[Path]) -> str:
    folder = file.parents[level - 1]
    for root in roots:
        if folder.is_relative_to(root):
            return ".".join(folder.relative_to(root).parts)
    return ""


def _modules(name: str, roots: list[Path]) -> Iterator[Path]:
    """The file of a module and those of the packages around it."""
    parts = name.split(".")
    for root in roots:
        for length in range(1, len(parts) + 1):
            base = root.joinpath(*parts[:length])
            for file in (base.with_suffix(".py"), base / "__init__.py"):
                if file.is_file():
                    yield file
