"""Every error of this package, in one tree.

::

    EngineError                     engine
    ├── InvalidInput                invalid_input
    ├── RootChainError              skill_roots
    ├── ManifestError               skill_manifest
    ├── DependencyError             skill_dependency
    ├── SkillNotFound               skill_not_found
    ├── CallFailed                  call_failed
    │   ├── SkillBroken             skill_broken
    │   ├── ArgumentsInvalid        arguments_invalid
    │   ├── ResultInvalid           result_invalid
    │   └── LimitExceeded           time_limit, instruction_limit, memory_limit, depth_limit
    ├── ConfigError                 skill_config
    ├── ManagementError             skill_management
    ├── ProviderError               provider
    ├── SessionError                lease_*, eval_failed
    ├── WorkerFailed                worker_failed
    └── EngineClosed                engine_closed
    LuaSkillsError                  an error envelope of the JSON FFI
    HostFunctionError               a function of ``vulcan`` refuses; becomes a plain Lua error

The texts are read by programs: they are those of the LuaSkills runtime wherever it has one.
"""

from __future__ import annotations

from typing import ClassVar, Literal

LimitKind = Literal["time", "instruction", "memory", "depth"]


class EngineError(RuntimeError):
    """Anything the engine refuses or fails at; ``code`` is stable, ``str()`` is the message."""

    code: str = "engine"


class InvalidInput(EngineError):
    """A request or an option has the wrong shape or value."""

    code = "invalid_input"


class RootChainError(EngineError):
    """The chain of skill roots breaks its rules."""

    code = "skill_roots"


class ManifestError(EngineError):
    """``skill.yaml`` or ``dependencies.yaml`` of a package is wrong."""

    code = "skill_manifest"


class DependencyError(EngineError):
    """A dependency of a skill is missing or can not be fetched."""

    code = "skill_dependency"


class SkillNotFound(EngineError):
    """No loaded entry has this canonical name."""

    code = "skill_not_found"


class CallFailed(EngineError):
    """Lua code raised an error."""

    code = "call_failed"


class SkillBroken(CallFailed):
    """The entry file does not compile or does not yield a function."""

    code = "skill_broken"


class ArgumentsInvalid(CallFailed):
    """The arguments do not match the entry's input schema."""

    code = "arguments_invalid"


class ResultInvalid(CallFailed):
    """What the entry returned is not a result."""

    code = "result_invalid"


class LimitExceeded(CallFailed):
    """A call was stopped at one of its limits."""

    def __init__(self, kind: LimitKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = f"{kind}_limit"


class ConfigError(EngineError):
    """The skill configuration can not be read or written."""

    code = "skill_config"


class ManagementError(EngineError):
    """Installing, updating, removing, enabling or disabling a skill was refused or failed."""

    code = "skill_management"


class ProviderError(EngineError):
    """A database provider is missing or failed."""

    code = "provider"


class SessionError(EngineError):
    """An operation on a persistent session failed; the code goes into the inner envelope."""

    CODES: ClassVar[frozenset[str]] = frozenset(
        {
            "lease_exists",
            "lease_busy",
            "lease_limit_exceeded",
            "lease_not_found",
            "lease_closed",
            "lease_expired",
            "lease_replaced",
            "lease_sid_mismatch",
            "lease_generation_mismatch",
            "lease_profile_mismatch",
            "lease_manager_poisoned",
            "eval_failed",
        }
    )

    def __init__(self, code: str, message: str) -> None:
        if code not in self.CODES:
            raise ValueError(f"`{code}` is not a session error code")
        super().__init__(message)
        self.code = code


class WorkerFailed(EngineError):
    """The worker process died or was killed at its deadline."""

    code = "worker_failed"


class EngineClosed(EngineError):
    """The engine was closed."""

    code = "engine_closed"


class LuaSkillsError(RuntimeError):
    """An FFI function answered with an error envelope."""

    def __init__(self, function_name: str, message: str) -> None:
        super().__init__(f"{function_name}: {message}")
        self.function_name = function_name


class HostFunctionError(Exception):
    """Raised by a host function; the Lua side sees ``str(error)`` as a plain error text."""
