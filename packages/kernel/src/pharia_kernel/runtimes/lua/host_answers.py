"""What a Lua skill gets of the kernel: models, embeddings and the tools of its namespace, by ``vulcan``'s rules."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from pharia_kernel.csi.csi import Csi
from pharia_kernel.csi.types import ChatRequest, EmbedRequest, ToolError, ToolRequest, Turn
from pharia_kernel.errors import (
    BackendAnswerInvalid,
    BackendFailed,
    BackendTimeout,
    CsiError,
    InvalidCsiRequest,
    KernelError,
    ModelNotFound,
    NotConfigured,
    QuotaExceeded,
    UnsupportedOperation,
)
from pharia_kernel.runtimes.guest_log import GuestLog
from pharia_kernel.runtimes.lua.child.messages import Reply

EMBED, LLM, TOOL = "model_embed", "model_llm", "host_tool"
_MODEL_CODES: tuple[tuple[type[KernelError], str], ...] = (
    (QuotaExceeded, "budget_exceeded"),
    (BackendTimeout, "timeout"),
    (InvalidCsiRequest, "invalid_argument"),
    (BackendFailed, "provider_error"),
    (BackendAnswerInvalid, "provider_error"),
    (ModelNotFound, "model_unavailable"),
    (NotConfigured, "model_unavailable"),
    (UnsupportedOperation, "model_unavailable"),
    (CsiError, "model_unavailable"),
)
"""The first that fits; skills know these codes."""


class HostAnswers:
    """Implements :class:`~pharia_kernel.runtimes.lua.worker_process.Host` for one call."""

    def __init__(self, csi: Csi, model: str | None, log: GuestLog) -> None:
        self._csi, self._model, self._log = csi, model, log
        self._functions: Mapping[str, Callable[[Any], Awaitable[Any]]] = {
            LLM: self._llm,
            EMBED: self._embed,
            TOOL: self._tool,
        }

    async def answer(self, name: str, request: bytes) -> Reply:
        function = self._functions.get(name)
        if function is None:
            return Reply(failure=f"the kernel has no function {name!r}")
        try:
            return Reply(msgspec.Raw(msgspec.json.encode(await function(msgspec.json.decode(request)))))
        except KernelError as error:
            return Reply(failure=str(error))

    def log(self, text: str, severe: bool) -> None:
        self._log.write("stderr" if severe else "stdout", f"{text}\n".encode("utf-8", "replace"))

    def dropped(self, count: int) -> None:
        self._log.drop(count)

    async def _llm(self, request: Any) -> Any:
        if self._model is None:
            return _failure("model_unavailable", "no model is set for the Lua skills of this namespace (lua-model)")
        turns = (Turn("system", str(request["system"])), Turn("user", str(request["user"])))
        try:
            (answer,) = await self._csi.chat([ChatRequest(self._model, turns)])
        except KernelError as error:
            return _model_failure(error)
        used = {"input_tokens": answer.usage.prompt, "output_tokens": answer.usage.completion}
        return {"assistant": answer.content or "", "usage": used}

    async def _embed(self, request: Any) -> Any:
        try:
            (embedding,) = await self._csi.embed([EmbedRequest(str(request["text"]))])
        except KernelError as error:
            return _model_failure(error)
        return {"vector": embedding.vector, "dimensions": len(embedding.vector)}

    async def _tool(self, request: Any) -> Any:
        name = request.get("tool_name")
        if request.get("action") == "call":
            return await self._called(str(name), request.get("args"))
        tools = await self._csi.list_tools()
        if request.get("action") == "has":
            return any(tool.name == name for tool in tools)
        return [{"name": tool.name, "description": tool.description, "input_schema": tool.schema} for tool in tools]

    async def _called(self, name: str, args: Any) -> Any:
        members = args.items() if isinstance(args, dict) else ()
        arguments = tuple((key, msgspec.json.encode(value)) for key, value in members)
        (result,) = await self._csi.invoke_tools([ToolRequest(name, arguments)])
        if isinstance(result, ToolError):
            return _failure("tool_failed", result.message)
        return {"ok": True, "value": "\n".join(result.texts), "texts": result.texts}


def _model_failure(error: KernelError) -> dict[str, Any]:
    code = next((code for kind, code in _MODEL_CODES if isinstance(error, kind)), "internal_error")
    return _failure(code, str(error), provider_code=error.code, provider_status=error.status)


def _failure(code: str, message: str, **more: object) -> dict[str, Any]:
    return {"ok": False, "error": {"code": code, "message": message, **more}}
