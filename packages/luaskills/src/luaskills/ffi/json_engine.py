"""Every function of the JSON FFI by its name.

The hot path is :meth:`JsonEngine.call` of ``luaskills_ffi_call_skill_json``: one decode, one lookup, one encode
around the engine.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping

from luaskills.engine.callbacks import CallbackTable
from luaskills.engine.engine import LOGGER_NAME
from luaskills.engine.options import EngineOptions
from luaskills.errors import EngineError, InvalidInput
from luaskills.ffi import calls, management, queries, skill_config
from luaskills.ffi.engines import Engines, Held
from luaskills.ffi.envelope import decode, failure, success
from luaskills.ffi.request import Request
from luaskills.ffi.sessions import ACTIONS as SESSION_ACTIONS
from luaskills.ffi.sessions import Surface
from luaskills.management import Plane
from luaskills.types import Json
from luaskills.vulcan.values import NotForLua

PREFIX = "luaskills_ffi_"
FFI_VERSION = "0.3.0"
CALLBACK_KINDS = (
    "sqlite_provider",
    "lancedb_provider",
    "host_tool",
    "model_embed",
    "model_llm",
    "skill_operation_progress",
)
"""Callbacks with a function ``luaskills_ffi_set_{kind}_json_callback``."""
_HELPERS = ("buffer_clone", "buffer_free", "bytes_clone", "bytes_free", "string_clone", "string_free")

Handler = Callable[[Held, Request], Json]


def _handlers() -> dict[str, Handler]:
    handlers: dict[str, Handler] = {
        "load_from_roots": calls.load_from_roots,
        "reload_from_roots": calls.reload_from_roots,
        "load_from_dirs": calls.load_from_dirs,
        "list_entries": queries.list_entries,
        "list_skill_help": queries.list_skill_help,
        "render_skill_help_detail": queries.render_skill_help_detail,
        "prompt_argument_completions": queries.prompt_argument_completions,
        "is_skill": queries.is_skill,
        "skill_name_for_tool": queries.skill_name_for_tool,
        "skill_config_list": skill_config.list_values,
        "skill_config_get": skill_config.get_value,
        "skill_config_set": skill_config.set_value,
        "skill_config_delete": skill_config.delete_value,
        "call_skill": calls.call_skill,
        "run_lua": calls.run_lua,
    }
    for prefix, system in (("", False), ("system_", True)):
        for family, leases in (("runtime_session", False), ("runtime_lease", True)):
            surface = Surface(system, leases)
            handlers |= {f"{prefix}{family}_{action}": surface.handler(action) for action in SESSION_ACTIONS}
        plane = Plane.SYSTEM if system else Plane.SKILLS
        handlers |= {f"{prefix}{action}_skill": management.handler(action, plane) for action in management.ACTIONS}
    handlers["system_private_install_skill_from_url_manifest"] = management.install_from_manifest
    handlers["system_private_update_skill_from_url_manifest"] = management.update_from_manifest
    return handlers


_OF_ENGINE: Mapping[str, Handler] = {f"{PREFIX}{name}_json": handler for name, handler in _handlers().items()}
WITHOUT_INPUT = (f"{PREFIX}version_json", f"{PREFIX}describe_json")
WITH_INPUT = (f"{PREFIX}engine_new_json", f"{PREFIX}engine_free_json", *_OF_ENGINE)
SETTERS = tuple(f"{PREFIX}set_{kind}_json_callback" for kind in CALLBACK_KINDS)
EXPORTS = (*WITHOUT_INPUT, *WITH_INPUT, *SETTERS, *(f"{PREFIX}{name}" for name in _HELPERS))
"""What ``describe_json`` lists and a native library of this engine exports."""


class JsonEngine:
    """The functions of the JSON FFI on engines of this process. Thread safe; a function may be called from callbacks.

    Engines are known by number. ``callbacks`` serve all of them: tools and models are looked up at every use,
    database providers when an engine is made.
    """

    def __init__(self) -> None:
        self.callbacks = CallbackTable()
        self._engines = Engines(self.callbacks)
        self._log = logging.getLogger(LOGGER_NAME)

    def call(self, name: str, request: bytes | None = None) -> bytes:
        """The envelope a function answers with; never raises. None stands for the null buffer."""
        try:
            return success(self._answer(name, request))
        except EngineError as error:
            return failure(str(error))
        except (NotForLua, UnicodeEncodeError) as error:
            broken = "a text holds half of a surrogate pair" if isinstance(error, UnicodeError) else error
            return failure(f"{name} received invalid JSON input: {broken}")
        except Exception as error:
            self._log.exception("[LuaSkill] %s failed", name)
            return failure(f"{name} failed: {type(error).__name__}: {error}")

    def set_callback(self, kind: str, callback: Callable[[Json], Json] | None) -> None:
        """Register, replace or (with None) take away a callback of ``CALLBACK_KINDS``; raises ValueError."""
        self.callbacks.set(kind, callback)

    def _answer(self, name: str, request: bytes | None) -> Json:
        handler = _OF_ENGINE.get(name)
        if handler is not None:
            given = Request(name, decode(name, request))
            return handler(self._engines.get(given.engine_id()), given)
        if name == f"{PREFIX}version_json":
            return {"ffi_version": FFI_VERSION, "protocol": "json-cabi"}
        if name == f"{PREFIX}describe_json":
            return {"ffi_version": FFI_VERSION, "exported_functions": list(EXPORTS)}
        if name == f"{PREFIX}engine_new_json":
            return {"engine_id": self._new(Request(name, decode(name, request)))}
        if name == f"{PREFIX}engine_free_json":
            self._engines.free(Request(name, decode(name, request)).engine_id())
            return {"freed": True}
        raise EngineError(f"LuaSkills library does not export {name}")

    def _new(self, request: Request) -> int:
        given = request.member("options")
        try:
            options = EngineOptions.parse(given)
        except InvalidInput as error:
            raise request.invalid(str(error)) from None
        return self._engines.new(options)


@functools.cache
def process_engine() -> JsonEngine:
    """The one of this process, that everything without a native library shares, as it would share the library."""
    return JsonEngine()
