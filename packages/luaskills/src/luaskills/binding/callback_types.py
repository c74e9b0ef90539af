"""What callbacks of a host get and give. At run time these are ordinary dicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypedDict

HostToolJsonAction = Literal["list", "has", "call"]
RuntimeModelCapability = Literal["embed", "llm"]
RuntimeModelErrorCode = Literal[
    "model_unavailable", "invalid_argument", "provider_error", "timeout", "budget_exceeded", "internal_error"
]


class HostToolJsonRequest(TypedDict):
    """What ``vulcan.host`` asks; ``tool_name`` is None for ``list``."""

    action: HostToolJsonAction
    tool_name: str | None
    args: Any


class RuntimeModelCaller(TypedDict, total=False):
    """Which skill asks a model, and for which request."""

    skill_id: str | None
    entry_name: str | None
    canonical_tool_name: str | None
    root_name: str | None
    skill_dir: str | None
    client_name: str | None
    request_id: str | None


class RuntimeModelUsage(TypedDict, total=False):
    """Tokens a model used."""

    input_tokens: int | None
    output_tokens: int | None


class RuntimeModelEmbedRequest(TypedDict):
    """What ``vulcan.models.embed`` asks."""

    text: str
    caller: RuntimeModelCaller


class _EmbedResponse(TypedDict):
    vector: list[float]
    dimensions: int


class RuntimeModelEmbedResponse(_EmbedResponse, total=False):
    """An embedding; ``dimensions`` is the length of the vector."""

    usage: RuntimeModelUsage | None


class RuntimeModelLlmRequest(TypedDict):
    """What ``vulcan.models.llm`` asks."""

    system: str
    user: str
    caller: RuntimeModelCaller


class _LlmResponse(TypedDict):
    assistant: str


class RuntimeModelLlmResponse(_LlmResponse, total=False):
    """The answer of a language model."""

    usage: RuntimeModelUsage | None


class _ModelError(TypedDict):
    code: RuntimeModelErrorCode
    message: str


class RuntimeModelError(_ModelError, total=False):
    """Why a model has no answer. Skills see all of it: no secrets."""

    provider_message: str | None
    provider_code: str | None
    provider_status: int | None


class RuntimeModelErrorEnvelope(TypedDict):
    """The answer of a model callback that failed."""

    ok: Literal[False]
    error: RuntimeModelError


class SkillOperationProgressEvent(TypedDict):
    """One step of installing or updating a skill; ``sequence`` counts from 1 within ``operation_id``."""

    operation_id: str
    sequence: int
    plane: Literal["Skills", "System"]
    action: str
    phase: str
    status: str
    skill_id: str | None
    root_name: str | None
    source_type: str | None
    source_locator: str | None
    bytes_done: int | None
    bytes_total: int | None
    percent: float | None
    message: str | None


JsonProviderCallback = Callable[[Any], Any]
HostToolJsonCallback = Callable[[HostToolJsonRequest], Any]
ModelEmbedJsonCallback = Callable[[RuntimeModelEmbedRequest], RuntimeModelEmbedResponse | Any]
ModelLlmJsonCallback = Callable[[RuntimeModelLlmRequest], RuntimeModelLlmResponse | Any]
SkillOperationProgressCallback = Callable[[SkillOperationProgressEvent], Any]
