"""Every error of the SDK, as one tree.

    PhariaSkillError
    ├── InvalidSkill            a decorated function that can not be a skill (also an AssertionError)
    ├── UnsupportedByWit        the interface line the skill was built for can not carry this
    ├── InvalidMessage          a chat message without anything in it (also an AssertionError, a ValueError)
    ├── InvalidTool             a decorated function that can not be a tool (also a TypeError)
    ├── ToolRoundsExceeded      the model keeps asking for tools
    ├── InvalidAnswer           the model did not answer in the form asked for (also a ValueError)
    ├── SettingMissing · SettingInvalid         an environment variable (also a KeyError, a ValueError)
    ├── NamespaceMissing        DevCsi was made without the namespace that tools need (also a ValueError)
    ├── MessageOutOfOrder       a skill wrote messages in an order the kernel refuses (also a ValueError)
    ├── UnexpectedRequest       a stand-in was asked something the test did not foresee (also an AssertionError)
    │   ├── RecordingMismatch   it differs from the recorded one
    │   └── AnswersLeft         the skill asked less than foreseen
    ├── RecordingUnreadable     the file with recorded calls is missing or damaged
    ├── StudioError · OutdatedPhariaAI          Studio took no traces (also a ValueError)
    ├── KernelError             a call of DevCsi failed
    │   ├── KernelUnreachable · KernelTimeout   no answer (also a ConnectionError, a TimeoutError)
    │   ├── KernelUnauthenticated · KernelForbidden · KernelBusy · KernelRefused · KernelFailed   by status
    │   ├── KernelAnswerInvalid                 an answer that can not be read (also a ValueError)
    │   └── KernelStreamFailed                  an error in the midst of a stream (also a ValueError)
    ├── CommandError            `pharia-skill new`, `run` or `dev` could not do it
    │   ├── InvalidName · FolderTaken           no place for a new project
    │   ├── InputUnreadable     what was given as input is not there, or is not JSON
    │   ├── InputRejected · SkillRaised         the skill ran natively and did not answer
    │   └── KernelProgramMissing · KernelProgramFailed   the command `pharia-kernel`
    ├── NotAComponent           a file that is missing or no WebAssembly component
    ├── RegistryError           a registry did not take or give a skill
    │   ├── InvalidReference    no registry can know a skill by that name
    │   ├── CredentialsUnusable                 the place they are kept in can not be read
    │   ├── RegistryUnreachable                 no connection
    │   │   └── RegistryConnectionLost          none any more; another attempt may go better
    │   ├── RegistryUntrusted                   a connection that can not be trusted
    │   │   └── RegistryWithoutTls              the other side speaks http only
    │   ├── RegistryUnauthorized · RegistryForbidden · NotInRegistry · RegistryRefused      by status
    │   ├── RegistryAnswerInvalid               an answer that can not be read
    │   ├── TagTaken            the tag names something else and may not be moved
    │   ├── NotASkillImage      what was found there is something else
    │   └── ContentMismatch     bytes that do not have the digest they should have
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

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from pharia_skill.csi.inference.chat import ChatResponse


class PhariaSkillError(Exception):
    """``str(error)`` says what happened, with which value, and the way out."""

    code: ClassVar[str] = "sdk-failed"


class InvalidSkill(PhariaSkillError, AssertionError):
    code = "invalid-skill"


class UnsupportedByWit(PhariaSkillError):
    code = "unsupported-by-wit"


class InvalidMessage(PhariaSkillError, AssertionError, ValueError):
    code = "invalid-message"


class InvalidTool(PhariaSkillError, TypeError):
    code = "invalid-tool"


class ToolRoundsExceeded(PhariaSkillError):
    code = "tool-rounds-exceeded"


class InvalidAnswer(PhariaSkillError, ValueError):
    """``answer`` is the last one of the model, a :class:`~pharia_skill.ChatResponse`."""

    code = "invalid-answer"

    def __init__(self, message: str, answer: ChatResponse) -> None:
        super().__init__(message)
        self.answer = answer


class SettingMissing(PhariaSkillError, KeyError):
    code = "setting-missing"

    __str__ = Exception.__str__


class SettingInvalid(PhariaSkillError, ValueError):
    code = "setting-invalid"


class NamespaceMissing(PhariaSkillError, ValueError, AssertionError):
    code = "namespace-missing"


class MessageOutOfOrder(PhariaSkillError, ValueError):
    code = "message-out-of-order"


class UnexpectedRequest(PhariaSkillError, AssertionError):
    code = "unexpected-request"


class RecordingMismatch(UnexpectedRequest):
    code = "recording-mismatch"


class AnswersLeft(UnexpectedRequest):
    code = "answers-left"


class RecordingUnreadable(PhariaSkillError):
    code = "recording-unreadable"


class StudioError(PhariaSkillError, ValueError):
    code = "studio-failed"


class OutdatedPhariaAI(StudioError):
    code = "outdated-pharia-ai"


class KernelError(PhariaSkillError):
    """``status`` is the HTTP status, ``None`` where there was none."""

    code = "kernel-failed"

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class KernelUnreachable(KernelError, ConnectionError):
    code = "kernel-unreachable"


class KernelTimeout(KernelError, TimeoutError):
    code = "kernel-timeout"


class KernelUnauthenticated(KernelError):
    code = "kernel-unauthenticated"


class KernelForbidden(KernelError):
    code = "kernel-forbidden"


class KernelBusy(KernelError):
    code = "kernel-busy"


class KernelRefused(KernelError):
    code = "kernel-refused"


class KernelFailed(KernelError):
    code = "kernel-internal"


class KernelAnswerInvalid(KernelError, ValueError):
    code = "kernel-answer-invalid"


class KernelStreamFailed(KernelError, ValueError):
    code = "kernel-stream-failed"


class CommandError(PhariaSkillError):
    code = "command-failed"


class InvalidName(CommandError):
    code = "invalid-name"


class FolderTaken(CommandError):
    code = "folder-taken"


class InputUnreadable(CommandError):
    code = "input-unreadable"


class InputRejected(CommandError):
    code = "input-rejected"


class SkillRaised(CommandError):
    code = "skill-raised"


class KernelProgramMissing(CommandError):
    code = "kernel-program-missing"


class KernelProgramFailed(CommandError):
    code = "kernel-program-failed"


class NotAComponent(PhariaSkillError):
    code = "not-a-component"


class RegistryError(PhariaSkillError):
    code = "registry-failed"


class InvalidReference(RegistryError):
    code = "invalid-reference"


class CredentialsUnusable(RegistryError):
    code = "credentials-unusable"


class RegistryUnreachable(RegistryError):
    code = "registry-unreachable"


class RegistryConnectionLost(RegistryUnreachable):
    code = "registry-connection-lost"


class RegistryUntrusted(RegistryError):
    code = "registry-untrusted"


class RegistryWithoutTls(RegistryUntrusted):
    code = "registry-without-tls"


class RegistryUnauthorized(RegistryError):
    code = "registry-unauthorized"


class RegistryForbidden(RegistryError):
    code = "registry-forbidden"


class NotInRegistry(RegistryError):
    code = "not-in-registry"


class RegistryRefused(RegistryError):
    code = "registry-refused"


class RegistryAnswerInvalid(RegistryError):
    code = "registry-answer-invalid"


class TagTaken(RegistryError):
    code = "tag-taken"


class NotASkillImage(RegistryError):
    code = "not-a-skill-image"


class ContentMismatch(RegistryError):
    code = "content-mismatch"


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
