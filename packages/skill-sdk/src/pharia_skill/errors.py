"""Every error of the SDK, as one tree.

    PhariaSkillError
    ├── InvalidSkill            a decorated function that can not be a skill (also an AssertionError)
    ├── UnsupportedByWit        the interface line the skill was built for can not carry this
    ├── ToolRoundsExceeded      the model keeps asking for tools
    └── BuildError              no component was built
        ├── InvalidTarget       the thing to build is not there, or not a Python module
        ├── NoSkill · SeveralSkills
        ├── IsSkill · IsMessageStream           the decorator does not fit the world
        ├── ModuleMissing · NativeExtension     an import that can not work
        ├── NoHttpError                         an import that wants the network
        ├── SkillImportFailed                   the module itself raised
        ├── WasiDependencyMissing               the compiled part of pydantic could not be fetched
        └── ComponentizeFailed                  anything else the compiler says

``code`` is stable and meant for programs; the text is for people and may change.
"""

from __future__ import annotations

from typing import ClassVar


class PhariaSkillError(Exception):
    """``str(error)`` says what happened, with which value, and the way out."""

    code: ClassVar[str] = "sdk-failed"


class InvalidSkill(PhariaSkillError, AssertionError):
    code = "invalid-skill"


class UnsupportedByWit(PhariaSkillError):
    code = "unsupported-by-wit"


class ToolRoundsExceeded(PhariaSkillError):
    code = "tool-rounds-exceeded"


class BuildError(PhariaSkillError):
    code = "build-failed"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidTarget(BuildError):
    code = "invalid-target"


class NoSkill(BuildError):
    code = "no-skill"


class SeveralSkills(BuildError):
    code = "several-skills"


class IsSkill(BuildError):
    code = "is-skill"


class IsMessageStream(BuildError):
    code = "is-message-stream"


class ModuleMissing(BuildError):
    code = "module-missing"


class NativeExtension(BuildError):
    code = "native-extension"


class NoHttpError(BuildError):
    code = "no-http"


class SkillImportFailed(BuildError):
    code = "skill-import-failed"


class WasiDependencyMissing(BuildError):
    code = "wasi-dependency-missing"


class ComponentizeFailed(BuildError):
    code = "componentize-failed"
