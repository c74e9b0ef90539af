"""The public face of the package; ``luaskills`` itself offers these names."""

from __future__ import annotations

from luaskills.binding.callback_types import (
    HostToolJsonAction,
    HostToolJsonCallback,
    HostToolJsonRequest,
    JsonProviderCallback,
    ModelEmbedJsonCallback,
    ModelLlmJsonCallback,
    RuntimeModelCaller,
    RuntimeModelCapability,
    RuntimeModelEmbedRequest,
    RuntimeModelEmbedResponse,
    RuntimeModelError,
    RuntimeModelErrorCode,
    RuntimeModelErrorEnvelope,
    RuntimeModelLlmRequest,
    RuntimeModelLlmResponse,
    RuntimeModelUsage,
    SkillOperationProgressCallback,
    SkillOperationProgressEvent,
)
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
from luaskills.config import SkillConfigClient
from luaskills.errors import LuaSkillsError
from luaskills.host_result_types import (
    RuntimeChangeSetDiagnostic,
    RuntimeChangeSetFile,
    RuntimeChangeSetHostResult,
    RuntimeChangeSetHunk,
    RuntimeChangeSetLine,
    RuntimeChangeSetPayload,
    RuntimeHostResult,
)
from luaskills.install_runtime import (
    RuntimeDatabasePreset,
    build_runtime_install_manifest,
    host_options_from_runtime_manifest,
    install_runtime_assets,
    load_runtime_install_manifest,
    resolve_luaskills_library_path_from_runtime,
    resolve_runtime_platform_target,
    runtime_manifest_path,
    write_runtime_install_manifest,
)
from luaskills.library import EngineChoice, resolve_library_path
from luaskills.sessions import (
    RuntimeLeaseAction,
    RuntimeLeaseClient,
    RuntimeLeaseHandle,
    RuntimeSessionClient,
    RuntimeSessionHandle,
)
from luaskills.types import Authority
from luaskills.values import LuaInvocationContext, RuntimeSkillRoot, SkillInstallSourceType

__all__ = [
    "Authority",
    "EngineChoice",
    "HostToolJsonAction",
    "HostToolJsonCallback",
    "HostToolJsonRequest",
    "JsonProviderCallback",
    "LuaInvocationContext",
    "LuaSkillsClient",
    "LuaSkillsError",
    "LuaSkillsJsonFfi",
    "ModelEmbedJsonCallback",
    "ModelLlmJsonCallback",
    "RuntimeChangeSetDiagnostic",
    "RuntimeChangeSetFile",
    "RuntimeChangeSetHostResult",
    "RuntimeChangeSetHunk",
    "RuntimeChangeSetLine",
    "RuntimeChangeSetPayload",
    "RuntimeDatabasePreset",
    "RuntimeHostResult",
    "RuntimeLeaseAction",
    "RuntimeLeaseClient",
    "RuntimeLeaseHandle",
    "RuntimeModelCaller",
    "RuntimeModelCapability",
    "RuntimeModelEmbedRequest",
    "RuntimeModelEmbedResponse",
    "RuntimeModelError",
    "RuntimeModelErrorCode",
    "RuntimeModelErrorEnvelope",
    "RuntimeModelLlmRequest",
    "RuntimeModelLlmResponse",
    "RuntimeModelUsage",
    "RuntimeRoots",
    "RuntimeSessionClient",
    "RuntimeSessionHandle",
    "RuntimeSkillRoot",
    "SkillConfigClient",
    "SkillInstallSourceType",
    "SkillManagementClient",
    "SkillOperationProgressCallback",
    "SkillOperationProgressEvent",
    "SystemSkillManagementClient",
    "build_runtime_install_manifest",
    "create_engine_options",
    "default_host_options",
    "default_pool_config",
    "default_space_controller_options",
    "host_options_from_runtime_manifest",
    "install_runtime_assets",
    "load_runtime_install_manifest",
    "resolve_library_path",
    "resolve_luaskills_library_path_from_runtime",
    "resolve_runtime_platform_target",
    "runtime_manifest_path",
    "write_runtime_install_manifest",
]
