"""What each skill may use, and how often its instances are called."""

from __future__ import annotations

from pharia_kernel.config import NamespaceSettings, Settings, inference_source
from pharia_kernel.csi.inference.embedded import EmbeddedOptions
from pharia_kernel.runtimes.skill import InstancePolicy, ScriptPolicy, SkillLimits
from pharia_kernel.skills.described import instance_policy
from pharia_kernel.types import SkillPath


class SkillBounds:
    """Implements :class:`~pharia_kernel.skills.namespace.LimitsOf`; the settings can be changed at run time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def use(self, settings: Settings) -> None:
        """For versions that are loaded from now on, and those that this makes differ from what they are."""
        self._settings = settings

    def __call__(self, path: SkillPath, described: InstancePolicy | None) -> SkillLimits:
        """``described`` is what the namespace's description says of the skill's instances."""
        whole, namespace = self._settings.limits, self._settings.namespaces.get(path.namespace)
        limits = SkillLimits(
            memory_bytes=whole.memory_bytes, output_bytes=whole.output_bytes, log_bytes=whole.log_bytes
        )
        if namespace is None:
            return limits
        chosen = namespace.skill_instances.get(bare_name(path.name))
        policy = described or instance_policy(namespace.instances)
        return SkillLimits(
            memory_bytes=min(limits.memory_bytes, namespace.limits.memory_bytes or limits.memory_bytes),
            output_bytes=limits.output_bytes,
            log_bytes=limits.log_bytes,
            instances=policy if chosen is None else instance_policy(chosen),
            script=self._script(namespace),
        )

    def _script(self, namespace: NamespaceSettings) -> ScriptPolicy:
        """What came from elsewhere gets nothing; files of a watched directory were put there by the operator."""
        profile = namespace.lua_profile or ("standard" if namespace.shape == "watched" else "locked")
        model = namespace.lua_model
        if model is None and inference_source(self._settings) == "embedded":
            model = EmbeddedOptions(self._settings.embedded_model.file).name
        return ScriptPolicy(profile, model)


def bare_name(name: str) -> str:
    """Without the version that callers may name."""
    return name.partition("@")[0].partition(":")[0]
