"""The public face of the package."""

from __future__ import annotations

import luaskills
from luaskills import public

RELEASED = [
    "Authority",
    "LuaInvocationContext",
    "LuaSkillsClient",
    "LuaSkillsError",
    "LuaSkillsJsonFfi",
    "RuntimeRoots",
    "RuntimeSkillRoot",
    "RuntimeDatabasePreset",
    "RuntimeSessionClient",
    "RuntimeSessionHandle",
    "SkillConfigClient",
    "SkillInstallSourceType",
    "SkillManagementClient",
    "SystemSkillManagementClient",
    "HostToolJsonAction",
    "HostToolJsonCallback",
    "HostToolJsonRequest",
    "JsonProviderCallback",
    "ModelEmbedJsonCallback",
    "ModelLlmJsonCallback",
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
    "create_engine_options",
    "default_host_options",
    "default_pool_config",
    "default_space_controller_options",
    "build_runtime_install_manifest",
    "host_options_from_runtime_manifest",
    "install_runtime_assets",
    "load_runtime_install_manifest",
    "resolve_library_path",
    "resolve_luaskills_library_path_from_runtime",
    "resolve_runtime_platform_target",
    "runtime_manifest_path",
    "write_runtime_install_manifest",
]
LATER = [
    "RuntimeLeaseClient",
    "RuntimeLeaseHandle",
    "RuntimeLeaseAction",
    "RuntimeHostResult",
    "RuntimeChangeSetPayload",
    "RuntimeChangeSetHostResult",
    "RuntimeChangeSetFile",
    "RuntimeChangeSetHunk",
    "RuntimeChangeSetLine",
    "RuntimeChangeSetDiagnostic",
    "SkillOperationProgressCallback",
    "SkillOperationProgressEvent",
]


def test_every_name_of_the_released_sdk_is_there() -> None:
    assert set(RELEASED) | set(LATER) <= set(public.__all__)


def test_all_is_sorted_and_complete() -> None:
    assert public.__all__ == sorted(public.__all__)
    for name in public.__all__:
        assert getattr(luaskills, name) is not None


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    assert not hasattr(luaskills, "Nothing")
    assert set(public.__all__) <= set(dir(luaskills))


def test_enums_are_texts() -> None:
    assert [authority.value for authority in luaskills.Authority] == ["system", "delegated_tool"]
    assert luaskills.Authority("system") == "system"
    kinds = [kind.value for kind in luaskills.SkillInstallSourceType]
    assert kinds == ["github", "url", "official_hub", "private_url_manifest"]
    presets = {preset.value for preset in luaskills.RuntimeDatabasePreset}
    assert presets == {"none", "vldb-controller", "vldb-direct", "host-callback"}


def test_requests_are_ordinary_dicts() -> None:
    request: luaskills.HostToolJsonRequest = {"action": "list", "tool_name": None, "args": {}}
    assert type(request) is dict
