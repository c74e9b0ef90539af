"""What the host reports, in the kernel's words."""

from __future__ import annotations

from pharia_kernel.errors import (
    BackendAnswerInvalid,
    HostFault,
    KernelError,
    MemoryExceeded,
    OutputTooLarge,
    Saturated,
    SkillExited,
    SkillLoadError,
    SkillTrapped,
)
from pharia_kernel.runtimes.guest_log import GuestLog
from pharia_kernel.runtimes.wasm.host.errors import (
    CannotLower,
    CopyLimit,
    GuestExit,
    GuestTrap,
    HostError,
    InvalidComponent,
    NotAComponent,
    PoolExhausted,
)
from pharia_kernel.types import SkillPath

_OUT_OF_MEMORY = ("MemoryError", "memory allocation of", "out of memory", "memory minimum size")


def load_failure(error: HostError) -> SkillLoadError:
    if isinstance(error, NotAComponent):
        return SkillLoadError(f"Web Assembly is not a component. The file is {error}.")
    if isinstance(error, InvalidComponent):
        return SkillLoadError(f"Error decoding Wasm component: {error}")
    return SkillLoadError(f"Failed to pre-instantiate the component: {error}")


def run_failure(error: Exception, skill: SkillPath, log: GuestLog) -> KernelError:
    """The error a caller gets for whatever ended an execution."""
    match error:
        case KernelError():
            return error
        case GuestExit():
            return SkillExited(f"{skill}: {error}; a skill has to return its answer")
        case CopyLimit():
            return OutputTooLarge(f"{skill}: {error}")
        case PoolExhausted():
            return Saturated(f"{skill}: no place for another instance ({error})")
        case CannotLower():
            return BackendAnswerInvalid(f"{skill}: the answer can not be expressed in the skill's interface: {error}")
        case GuestTrap():
            last = log.last_line()
            text = f"{skill}: {error}" + (f"; the last it wrote to standard error: {last}" if last else "")
            memory = any(sign in f"{error} {log.tail.decode('utf-8', 'replace')}" for sign in _OUT_OF_MEMORY)
            return MemoryExceeded(text) if memory else SkillTrapped(text)
        case HostError():
            return SkillTrapped(f"{skill}: {error}")
    return HostFault(f"{skill}: {type(error).__name__} in the host")
