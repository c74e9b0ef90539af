"""What exists: namespaces, registries, loaded versions."""

from pharia_kernel.skills.configured import SkillState
from pharia_kernel.skills.directory import DirectoryRegistry
from pharia_kernel.skills.status import NamespaceState, NamespaceStatus, SkillStatus, SkillType
from pharia_kernel.skills.store import SkillStore, Source

__all__ = [
    "DirectoryRegistry",
    "NamespaceState",
    "NamespaceStatus",
    "SkillState",
    "SkillStatus",
    "SkillStore",
    "SkillType",
    "Source",
]
