"""Reading and checking ``skill.yaml``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from luaskills.engine import schema
from luaskills.engine.names import check_identifier, check_package_path, check_version
from luaskills.engine.yaml_file import read_yaml
from luaskills.errors import ManifestError
from luaskills.types import DatabaseManifest, EntryManifest, HelpManifest, Json, Parameter, SkillManifest

_LOG_LEVELS = ("off", "info", "warning")


class DeclaresSkillId(ManifestError):
    """``skill.yaml`` claims an id of its own: the whole load fails, because ids decide which layer wins."""


def read_manifest(skill_dir: Path, skill_id: str) -> SkillManifest | None:
    """The checked manifest of a package; None when it says ``enable: false``. Raises ManifestError."""
    path = skill_dir / "skill.yaml"
    try:
        found = path.is_file()
    except OSError as error:
        raise ManifestError(f"{skill_dir} can not be read: {error.strerror}") from None
    if not found:
        raise ManifestError(f"skill.yaml not found in {skill_dir}")
    data = read_yaml(path)
    if not isinstance(data, dict):
        raise ManifestError(f"failed to parse {path}: the document must be a mapping")
    if "skill_id" in data:
        raise DeclaresSkillId(f"skill manifest {path} must not declare skill_id; directory name is the only skill_id")
    if not _flag(data, "enable", True):
        return None
    return _checked(skill_dir, skill_id, data)


def _checked(skill_dir: Path, skill_id: str, data: Mapping[str, Any]) -> SkillManifest:
    check_identifier("skill_id", skill_id)
    name = _text(data, "name")
    if not name.strip():
        raise ManifestError("name must not be empty")
    version = _text(data, "version")
    check_version(version)
    entries = data.get("entries")
    if not isinstance(entries, list) or not entries:
        raise ManifestError(f"skill {name} must declare at least one entry")
    checked = tuple(_entry(skill_dir, name, entry) for entry in entries)
    seen: set[str] = set()
    for entry in checked:
        if entry.name in seen:
            raise ManifestError(f"skill '{skill_id}' declares duplicate local entry name '{entry.name}'")
        seen.add(entry.name)
    main, topics = _help(name, data.get("help"))
    return SkillManifest(
        name=name,
        version=version,
        entries=checked,
        help_main=main,
        help_topics=topics,
        debug=_flag(data, "debug", False),
        sqlite=_database("sqlite", data.get("sqlite"), 500),
        lancedb=_database("lancedb", data.get("lancedb"), 800),
    )


def _entry(skill_dir: Path, skill: str, data: Json) -> EntryManifest:
    if not isinstance(data, dict):
        raise ManifestError(f"skill {skill} entries must be mappings")
    name = _text(data, "name")
    check_identifier("entry.name", name)
    lua_entry, lua_module = _text(data, "lua_entry"), _text(data, "lua_module")
    if not lua_entry.strip() or not lua_module.strip():
        raise ManifestError(f"skill {skill} declares entry {name} but lua_entry/lua_module is missing")
    check_package_path("entry.lua_entry", lua_entry, "runtime")
    inside(skill_dir, lua_entry, f"Lua entry {lua_entry} not found in {skill_dir}")
    parameters = tuple(_parameter(name, item) for item in _list(data, "parameters"))
    declared = _declared_schema(skill_dir, name, data)
    return EntryManifest(
        name=name,
        description=_text(data, "description"),
        lua_entry=lua_entry,
        lua_module=lua_module,
        parameters=parameters if declared is None else schema.to_parameters(declared),
        input_schema=schema.from_parameters(parameters) if declared is None else declared,
        help=_text(data, "help"),
    )


def _declared_schema(skill_dir: Path, entry: str, data: Mapping[str, Any]) -> dict[str, Json] | None:
    inline, file = data.get("input_schema"), data.get("input_schema_file")
    if inline is not None and file is not None:
        raise ManifestError(f"skill entry {entry} must not declare both input_schema and input_schema_file")
    if file is not None:
        check_package_path("entry.input_schema_file", str(file), "schemas")
        path = inside(skill_dir, str(file), f"entry.input_schema_file {file} not found in {skill_dir}")
        try:
            inline = json.loads(path.read_text("utf-8"))
        except (ValueError, OSError, RecursionError) as error:
            raise ManifestError(f"entry.input_schema_file {file} must be JSON: {error}") from None
        schema.check_root("entry.input_schema_file", inline)
    elif inline is not None:
        schema.check_root("entry.input_schema", inline)
    return inline


def inside(skill_dir: Path, relative: str, missing: str) -> Path:
    """The file of a package; ManifestError with the text ``missing`` when there is none or a link leads outside."""
    path = skill_dir / relative
    if not path.is_file() or not path.resolve().is_relative_to(skill_dir.resolve()):
        raise ManifestError(missing)
    return path


def _parameter(entry: str, data: Json) -> Parameter:
    if not isinstance(data, dict) or not isinstance(data.get("name"), str) or not data["name"].strip():
        raise ManifestError(f"skill entry {entry} parameters must be mappings with a name")
    return Parameter(
        data["name"], _text(data, "type") or "string", _text(data, "description"), _flag(data, "required", False)
    )


def _help(skill: str, data: Json) -> tuple[HelpManifest, tuple[HelpManifest, ...]]:
    if data is None:
        return HelpManifest("main"), ()
    if not isinstance(data, dict):
        raise ManifestError(f"skill {skill} help main: help must be a mapping")
    main = _help_node(f"skill {skill} help main", data.get("main") or {"name": "main"}, "help.main.file", False)
    topics = tuple(
        _help_node(
            f"skill {skill} help topic {topic.get('name', '') if isinstance(topic, dict) else topic}",
            topic,
            "help.topic.file",
            True,
        )
        for topic in _list(data, "topics")
    )
    return main, topics


def _help_node(place: str, data: Json, field: str, file_required: bool) -> HelpManifest:
    if not isinstance(data, dict):
        raise ManifestError(f"{place}: must be a mapping")
    file, name = _text(data, "file"), _text(data, "name")
    try:
        if not name.strip() and file_required:
            raise ManifestError("name must not be empty")
        if file.strip() or file_required:
            check_package_path(field, file, "help")
    except ManifestError as error:
        raise ManifestError(f"{place}: {error}") from None
    return HelpManifest(name or "main", _text(data, "description"), file)


def _database(section: str, data: Json, threshold_ms: int) -> DatabaseManifest:
    if data is None:
        return DatabaseManifest(slow_log_threshold_ms=threshold_ms)
    if not isinstance(data, dict):
        raise ManifestError(f"{section} must be a mapping")
    level = _text(data, "log_level") or "info"
    if data.get("log_level") is False:  # YAML 1.1 reads a bare `off` as false
        level = "off"
    threshold = data.get("slow_log_threshold_ms", threshold_ms)
    if level not in _LOG_LEVELS:
        raise ManifestError(f"{section}.log_level must be one of {', '.join(_LOG_LEVELS)}: {level!r}")
    if isinstance(threshold, bool) or not isinstance(threshold, int) or threshold < 0:
        raise ManifestError(f"{section}.slow_log_threshold_ms must be a non-negative integer: {threshold!r}")
    return DatabaseManifest(_flag(data, "enable", False), level, _flag(data, "slow_log_enabled", False), threshold)


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return str(value)
    raise ManifestError(f"{key} must be a text, not {type(value).__name__}")


def _flag(data: Mapping[str, Any], key: str, default: bool) -> bool:
    value = data.get(key, default)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise ManifestError(f"{key} must be true or false: {value!r}")
    return value


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise ManifestError(f"{key} must be a list")
    return value
