"""Settings of the kernel: what they are, where they come from, what is wrong with them."""

from pharia_kernel.config.loading import load_settings
from pharia_kernel.config.settings import (
    EmbeddedModelSettings,
    InferenceChoice,
    LimitSettings,
    NamespaceSettings,
    OpenAiSettings,
    Settings,
)

__all__ = [
    "EmbeddedModelSettings",
    "InferenceChoice",
    "LimitSettings",
    "NamespaceSettings",
    "OpenAiSettings",
    "Settings",
    "load_settings",
]
