"""``pharia_skill.skill`` under the name it had up to SDK 0.7."""

from pharia_skill.skill import skill

__all__ = ["skill"]
