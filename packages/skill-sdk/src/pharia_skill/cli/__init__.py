"""The command line; programs of older SDKs import its parts from here."""

from pharia_skill.builder import SkillType
from pharia_skill.cli.app import app
from pharia_skill.cli.build import run_componentize_py
from pharia_skill.errors import BuildError, IsMessageStream, IsSkill, NoHttpError

__all__ = ["BuildError", "IsMessageStream", "IsSkill", "NoHttpError", "SkillType", "app", "run_componentize_py"]
