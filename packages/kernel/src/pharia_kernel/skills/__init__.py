"""What exists: namespaces, registries, loaded versions."""

from pharia_kernel.skills.configured import SkillState
from pharia_kernel.skills.directory import DirectoryRegistry
from pharia_kernel.skills.namespace import NamespaceStatus, SkillStatus
from pharia_kernel.skills.store import SkillStore, Source

__all__ = ["DirectoryRegistry", "NamespaceStatus", "SkillState", "SkillStatus", "SkillStore", "Source"]
