"""What workers report, in the kernel's words."""

from __future__ import annotations

from pharia_kernel.errors import (
    DeadlineExceeded,
    InvalidOutput,
    KernelError,
    MemoryExceeded,
    OutputTooLarge,
    SkillLoadError,
    SkillRejectedInput,
    SkillReportedError,
    SkillTrapped,
)
from pharia_kernel.runtimes.lua.worker_process import WorkerDied, WorkerFailure
from pharia_kernel.types import SkillPath


def load_failure(error: WorkerFailure | WorkerDied) -> SkillLoadError:
    if isinstance(error, WorkerDied):
        return SkillLoadError(f"a worker could not load the package: {error}")
    return SkillLoadError(str(error))


def run_failure(error: WorkerFailure | WorkerDied, skill: SkillPath, last_line: str) -> KernelError:
    """``last_line`` is the last complaint of the skill."""
    if isinstance(error, WorkerDied):
        said = f"; the last it complained of: {last_line}" if last_line else ""
        return SkillTrapped(f"{skill}: {error}{said}")
    text = str(error)
    match error.code:
        case "arguments_invalid":
            return SkillRejectedInput(f"The skill had trouble interpreting the input:\n\n{text}")
        case "result_invalid":
            return InvalidOutput(text)
        case "output":
            return OutputTooLarge(text)
        case "memory_limit":
            return MemoryExceeded(f"{skill}: {text}")
        case "time_limit":
            return DeadlineExceeded(f"{skill}: {text}")
        case "skill_broken" | "skill_not_found" | "skill_manifest" | "skill_dependency":
            return SkillLoadError(f"skill {skill} can not be loaded: {text}")
        case "worker_failed":
            return SkillTrapped(f"{skill}: {text}")
    return SkillReportedError(f"The skill reported an error:\n\n{text}")
