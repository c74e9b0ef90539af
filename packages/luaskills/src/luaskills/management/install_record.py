"""The record an installation leaves: the only thing an update trusts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from luaskills.engine.yaml_file import read_yaml
from luaskills.errors import ManagementError, ManifestError
from luaskills.management.requests import SourceType


@dataclass(frozen=True, slots=True)
class Source:
    """Where a package came from, and where its next version will."""

    source_type: SourceType
    locator: str
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class InstallRecord:
    """``state/installs/<id>.yaml``."""

    skill_id: str
    version: str
    source: Source
    installed_at_unix_ms: int
    root_name: str | None = None
    """Several roots may share one state directory; None in records of other engines, which do not say."""
    managed: bool = True

    def to_yaml(self) -> str:
        source = {"source_type": self.source.source_type.value, "locator": self.source.locator}
        if self.source.tag is not None:
            source["tag"] = self.source.tag
        document: dict[str, Any] = {
            "skill_id": self.skill_id,
            "version": self.version,
            "managed": self.managed,
            "source": source,
            "installed_at_unix_ms": self.installed_at_unix_ms,
        }
        if self.root_name is not None:
            document["root_name"] = self.root_name
        return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def read_record(path: Path) -> InstallRecord | None:
    """The record of a skill; None without one. Raises ManagementError when it can not be read."""
    if not path.is_file():
        return None
    try:
        data = read_yaml(path)
        source = data["source"]
        tag, root_name = source.get("tag"), data.get("root_name")
        return InstallRecord(
            skill_id=str(data["skill_id"]),
            version=str(data["version"]),
            source=Source(SourceType(source["source_type"]), str(source["locator"]), None if tag is None else str(tag)),
            installed_at_unix_ms=int(data.get("installed_at_unix_ms") or 0),
            root_name=None if root_name is None else str(root_name),
            managed=data.get("managed", True) is not False,
        )
    except (ManifestError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ManagementError(f"install record {path} can not be read: {error}") from None
