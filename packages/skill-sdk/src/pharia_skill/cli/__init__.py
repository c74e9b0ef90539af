"""The command line; programs of older SDKs import its parts from here."""

from pharia_skill.builder import SkillType
from pharia_skill.cli.after_build import display_publish_suggestion, prompt_for_publish
from pharia_skill.cli.app import app
from pharia_skill.cli.build import run_componentize_py
from pharia_skill.cli.publish import publish_skill
from pharia_skill.cli.wasi_deps import find_wasi_wheels_path, setup_wasi_deps
from pharia_skill.errors import BuildError, IsMessageStream, IsSkill, NoHttpError

__all__ = [
    "BuildError",
    "IsMessageStream",
    "IsSkill",
    "NoHttpError",
    "SkillType",
    "app",
    "display_publish_suggestion",
    "find_wasi_wheels_path",
    "prompt_for_publish",
    "publish_skill",
    "run_componentize_py",
    "setup_wasi_deps",
]
