"""Which tables and functions `vulcan` has in a VM, by what the VM serves."""

from __future__ import annotations

from collections.abc import Mapping

from luaskills.context import CallContext, VmKind
from luaskills.vulcan import host_os, json, path
from luaskills.vulcan.arguments import Arguments, argument, raw
from luaskills.vulcan.bridge import Bridge
from luaskills.vulcan.cache import CacheTable
from luaskills.vulcan.config import ConfigTable
from luaskills.vulcan.fs import FileSystem
from luaskills.vulcan.function import HostFunction
from luaskills.vulcan.host import HostTable
from luaskills.vulcan.io import IoTable
from luaskills.vulcan.lancedb.table import LanceDbTable
from luaskills.vulcan.lua_exec import LuaExec
from luaskills.vulcan.models import ModelsTable
from luaskills.vulcan.policy import Policy
from luaskills.vulcan.process import ProcessTable
from luaskills.vulcan.runtime import RuntimeTable
from luaskills.vulcan.skills import SkillsTable
from luaskills.vulcan.sqlite.table import SqliteTable

OVERFLOW = {"truncate": "truncate", "page": "page"}


def build(bridge: Bridge, context: CallContext) -> None:
    """Fill the bridge and seal it."""
    policy = Policy(context)
    _system_tables(bridge, context, policy)
    _runtime_tables(bridge, context, policy)
    bridge.table("config", ConfigTable(context).functions())
    bridge.table("host", HostTable(context).functions())
    bridge.table("models", ModelsTable(context).functions())
    bridge.table("context")
    bridge.table("deps")
    bridge.table("sqlite", SqliteTable(context).functions(), {"enabled": False})
    bridge.table("lancedb", LanceDbTable(context).functions(), {"enabled": False})
    bridge.table("cache", {} if context.kind is VmKind.EXEC else CacheTable(context).functions())
    bridge.sealed()
    if _manages_io(context):
        bridge.manage_io(bridge.function("io.write", _stdout(context)))


def _system_tables(bridge: Bridge, context: CallContext, policy: Policy) -> None:
    process = ProcessTable(context, policy)
    bridge.table("fs", FileSystem(policy).functions())
    bridge.table("path", path.functions())
    bridge.table("process", process.functions())
    bridge.table("process.session", process.session_functions())
    bridge.table("os", host_os.functions())
    bridge.table("io", IoTable(context, policy).functions())
    bridge.table("json", json.functions(context.host.memory_bytes))


def _runtime_tables(bridge: Bridge, context: CallContext, policy: Policy) -> None:
    runtime, skills = RuntimeTable(context), SkillsTable(context)
    functions = dict(runtime.functions())
    if context.kind is VmKind.EXEC:
        del functions["log"]
    bridge.table("runtime", functions, runtime.values())
    bridge.table("runtime.overflow_type", values=OVERFLOW)
    bridge.table("runtime.internal")
    bridge.table("runtime.lua", {"exec": LuaExec(context, policy).exec} if context.kind is VmKind.SKILL else {})
    bridge.table("runtime.skills", skills.functions(), {"enabled": skills.enabled})


def _manages_io(context: CallContext) -> bool:
    """Isolated code and sessions by the host's option; every VM of profile `locked`, which has no other `io`."""
    if Policy(context).locked:
        return True
    capabilities = context.options.get("capabilities")
    wanted = not isinstance(capabilities, Mapping) or capabilities.get("enable_managed_io_compat") is not False
    return wanted and context.kind is not VmKind.SKILL


def _stdout(context: CallContext) -> HostFunction:
    def write(given: Arguments) -> object:
        context.host.log.info("[LuaSkill:stdout] %s", raw(argument(given, 0).value).decode("utf-8", "replace"))
        return None

    return write
