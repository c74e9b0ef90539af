"""Help trees of skills and the bodies of their nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from luaskills.context import SkillScope
from luaskills.engine.catalog import Catalog
from luaskills.engine.package import Package, help_file, help_scope, read_source
from luaskills.errors import EngineError
from luaskills.types import HelpManifest, InvocationContext, Json

RunBody = Callable[[SkillScope, bytes, InvocationContext], tuple[Any, str]]


def list_help(catalog: Catalog, visible: Callable[[str], bool]) -> list[dict[str, Json]]:
    """The tree of every visible skill, sorted by id; ``visible`` takes the label of a root."""
    return [_tree(catalog, package) for _, package in sorted(catalog.packages.items()) if visible(package.root_name)]


def help_detail(
    catalog: Catalog, package: Package, flow: str, options: Any, run: RunBody, request: InvocationContext
) -> dict[str, Json]:
    """One node with its body as Markdown; raises EngineError."""
    if not flow.strip():
        raise EngineError("Help flow name must not be empty")
    manifest = package.manifest
    main = flow == "main" or flow == manifest.help_main.name
    node = manifest.help_main if main else next((t for t in manifest.help_topics if t.name == flow), None)
    if node is None:
        raise EngineError(f"Skill '{package.skill_id}' does not declare help flow '{flow}'")
    return {
        **_skill_fields(package),
        **_node(catalog, package, node, main),
        "content_type": "markdown",
        "content": _content(package, node.file, options, run, request),
    }


def _content(package: Package, file: str, options: Any, run: RunBody, request: InvocationContext) -> str:
    if not file.strip():
        raise EngineError(f"Skill '{package.skill_id}' help file path must not be empty")
    source = read_source(help_file(package, file))
    if not file.endswith(".lua"):
        try:
            return source.decode("utf-8")
        except UnicodeDecodeError as error:
            raise EngineError(f"Help {file} is not valid UTF-8: {error}") from None
    value, kind = run(help_scope(package, file, options), source, request)
    if kind != "string":
        raise EngineError(f"Help {file} must return a plain string, actual_type='{kind}'")
    return str(value)


def _tree(catalog: Catalog, package: Package) -> dict[str, Json]:
    manifest = package.manifest
    return {
        **_skill_fields(package),
        "main": _node(catalog, package, manifest.help_main, True),
        "flows": [_node(catalog, package, topic, False) for topic in manifest.help_topics],
    }


def _skill_fields(package: Package) -> dict[str, Json]:
    return {
        "skill_id": package.skill_id,
        "skill_name": package.manifest.name,
        "skill_version": package.manifest.version,
        "root_name": package.root_name,
        "skill_dir": str(package.skill_dir),
    }


def _node(catalog: Catalog, package: Package, node: HelpManifest, main: bool) -> dict[str, Json]:
    related = [
        name
        for name, bound in catalog.entries.items()
        if bound.entry.skill_id == package.skill_id and (main or bound.manifest.help == node.name)
    ]
    return {
        "flow_name": node.name,
        "description": node.description,
        "related_entries": related,
        "is_main": main,
    }
