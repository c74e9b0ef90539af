"""The SDK: clients of the JSON FFI, of the built-in engine or of a native library."""

from luaskills.binding.json_ffi import LuaSkillsJsonFfi
from luaskills.client.client import LuaSkillsClient
from luaskills.client.management import SkillManagementClient, SystemSkillManagementClient
from luaskills.client.options import (
    create_engine_options,
    default_host_options,
    default_pool_config,
    default_space_controller_options,
)
from luaskills.client.roots import RuntimeRoots
from luaskills.values import LuaInvocationContext, RuntimeSkillRoot, SkillInstallSourceType

__all__ = [
    "LuaInvocationContext",
    "LuaSkillsClient",
    "LuaSkillsJsonFfi",
    "RuntimeRoots",
    "RuntimeSkillRoot",
    "SkillInstallSourceType",
    "SkillManagementClient",
    "SystemSkillManagementClient",
    "create_engine_options",
    "default_host_options",
    "default_pool_config",
    "default_space_controller_options",
]
