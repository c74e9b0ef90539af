"""The JSON FFI as Python calls: JSON values in, JSON values out, callbacks by kind."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

from luaskills.binding.callback_slots import SLOTS
from luaskills.binding.callback_types import (
    HostToolJsonCallback,
    JsonProviderCallback,
    ModelEmbedJsonCallback,
    ModelLlmJsonCallback,
    SkillOperationProgressCallback,
)
from luaskills.binding.native import NativeTransport
from luaskills.binding.transport import BuiltinTransport, Callback, Transport
from luaskills.errors import LuaSkillsError
from luaskills.library import EngineChoice, PathLike, chosen_library
from luaskills.types import Json

_ENCODER, _DECODER = json.JSONEncoder(separators=(",", ":")), json.JSONDecoder()


class LuaSkillsJsonFfi:
    """Calls functions of one library by name; without a library those of the built-in engine.

    Callbacks belong to the library, not to this object: all objects of one process see them, the last one that sets
    a kind owns it, and only the owner can clear it. A callback gets and gives JSON values; what it raises is the
    failure the engine sees. Database providers serve the engines that are made after they are set.
    """

    def __init__(
        self,
        library_path: PathLike | None = None,
        runtime_root: PathLike | None = None,
        *,
        engine: EngineChoice | str = EngineChoice.AUTO,
    ) -> None:
        path = chosen_library(library_path, runtime_root, engine)
        self._transport: Transport = BuiltinTransport() if path is None else NativeTransport(path)

    @property
    def library_path(self) -> Path | None:
        """Where the library is; None for the built-in engine."""
        return self._transport.path

    @property
    def library(self) -> object:
        """The loaded library, or the built-in engine."""
        return self._transport.library

    def exports(self, function_name: str) -> bool:
        """Whether the library has a function."""
        return self._transport.exports(function_name)

    def call_json_no_input(self, function_name: str) -> Any:
        """The result of a function without input; raises LuaSkillsError."""
        return _result(function_name, self._transport.call(function_name, None))

    def call_json(self, function_name: str, payload: Json) -> Any:
        """The result of a function; raises LuaSkillsError, and TypeError for a payload that is not JSON."""
        request = _ENCODER.encode(payload).encode()
        return _result(function_name, self._transport.call(function_name, request))

    def describe(self) -> dict[str, Any]:
        """Version and functions of the library."""
        described: dict[str, Any] = self.call_json_no_input("luaskills_ffi_describe_json")
        return described

    def set_sqlite_provider_json_callback(self, callback: JsonProviderCallback | None) -> None:
        """Answer ``vulcan.sqlite`` of engines with ``sqlite_provider_mode`` ``host_callback``."""
        self._set("sqlite_provider", callback)

    def clear_sqlite_provider_json_callback(self) -> None:
        self._set("sqlite_provider", None)

    def set_lancedb_provider_json_callback(self, callback: JsonProviderCallback | None) -> None:
        """Answer ``vulcan.lancedb`` of engines with ``lancedb_provider_mode`` ``host_callback``."""
        self._set("lancedb_provider", callback)

    def clear_lancedb_provider_json_callback(self) -> None:
        self._set("lancedb_provider", None)

    def clear_json_provider_callbacks(self) -> None:
        """Clear both database providers."""
        self.clear_sqlite_provider_json_callback()
        self.clear_lancedb_provider_json_callback()

    def set_host_tool_json_callback(self, callback: HostToolJsonCallback | None) -> None:
        """Answer ``vulcan.host``."""
        self._set("host_tool", callback)

    def clear_host_tool_json_callback(self) -> None:
        self._set("host_tool", None)

    def set_model_embed_json_callback(self, callback: ModelEmbedJsonCallback | None) -> None:
        """Answer ``vulcan.models.embed``."""
        self._set("model_embed", callback)

    def clear_model_embed_json_callback(self) -> None:
        self._set("model_embed", None)

    def set_model_llm_json_callback(self, callback: ModelLlmJsonCallback | None) -> None:
        """Answer ``vulcan.models.llm``."""
        self._set("model_llm", callback)

    def clear_model_llm_json_callback(self) -> None:
        self._set("model_llm", None)

    def set_skill_operation_progress_json_callback(self, callback: SkillOperationProgressCallback | None) -> None:
        """Be told how installing and updating skills goes on."""
        self._set("skill_operation_progress", callback)

    def clear_skill_operation_progress_json_callback(self) -> None:
        self._set("skill_operation_progress", None)

    def set_skill_management_json_callback(self, callback: Callback | None) -> None:
        """Answer ``vulcan.runtime.skills`` of engines with the capability ``enable_skill_management_bridge``.

        This and the two callbacks below are those of the built-in engine; a native library raises LuaSkillsError.
        """
        self._set("skill_management", callback)

    def clear_skill_management_json_callback(self) -> None:
        self._set("skill_management", None)

    def set_skill_lifecycle_json_callback(self, callback: Callback | None) -> None:
        """Be told which skill was installed, updated or removed."""
        self._set("skill_lifecycle", callback)

    def clear_skill_lifecycle_json_callback(self) -> None:
        self._set("skill_lifecycle", None)

    def set_entry_registry_delta_json_callback(self, callback: Callback | None) -> None:
        """Be told which entries a load has added, changed and taken away."""
        self._set("entry_registry_delta", callback)

    def clear_entry_registry_delta_json_callback(self) -> None:
        self._set("entry_registry_delta", None)

    def _set(self, kind: str, callback: Callback | None) -> None:
        if callback is None:
            SLOTS.clear(self._transport, kind, self)
        elif inspect.iscoroutinefunction(callback):
            raise TypeError(
                f"the callback {kind} must be a plain function, which may wait for the event loop with"
                " asyncio.run_coroutine_threadsafe(…, loop).result()"
            )
        else:
            SLOTS.set(self._transport, kind, callback, self)


def _result(function_name: str, answer: bytes) -> Any:
    if not answer:
        raise LuaSkillsError(function_name, "empty JSON FFI response envelope")
    try:
        envelope = _DECODER.decode(answer.decode("utf-8"))
    except ValueError as error:
        raise LuaSkillsError(function_name, f"invalid JSON FFI response envelope: {error}") from None
    if not isinstance(envelope, dict) or envelope.get("ok") is not True:
        text = envelope.get("error") if isinstance(envelope, dict) else None
        raise LuaSkillsError(function_name, str(text or "Unknown LuaSkills FFI error"))
    return envelope.get("result")
