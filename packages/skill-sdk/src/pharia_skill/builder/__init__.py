"""Components out of Python modules. Host side only: nothing a skill imports may import it."""

from pharia_skill.builder.component import Built, build, build_component
from pharia_skill.builder.kind import SkillType
from pharia_skill.builder.stage import DEFAULT_WIT, WIT_LINES

__all__ = ["DEFAULT_WIT", "WIT_LINES", "Built", "SkillType", "build", "build_component"]
