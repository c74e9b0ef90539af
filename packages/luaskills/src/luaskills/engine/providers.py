"""Whether an engine has the database provider a skill needs."""

from __future__ import annotations

from collections.abc import Mapping

from luaskills.context import Callbacks
from luaskills.errors import ProviderError
from luaskills.types import Json, SkillManifest

_LABELS = {"sqlite": "SQLite", "lancedb": "LanceDB"}


def check_providers(manifest: SkillManifest, options: Mapping[str, Json], callbacks: Callbacks) -> None:
    """Raise ProviderError when the host answers for a database of the skill but has registered nothing that does."""
    for kind, declared in (("sqlite", manifest.sqlite), ("lancedb", manifest.lancedb)):
        hosted = options[f"{kind}_provider_mode"] == "host_callback"
        if declared.enable and hosted and callbacks.get(f"{kind}_provider") is None:
            mode = options[f"{kind}_callback_mode"]
            raise ProviderError(f"{_LABELS[kind]} host-callback mode is enabled but no {mode} callback is registered")
