"""Settings of the kernel: what they are, where they come from, what is wrong with them."""

from pharia_kernel.config.backends import BackendSettings
from pharia_kernel.config.choice import InferenceSource, inference_source, uses_embedded_model
from pharia_kernel.config.inference import EmbeddedModelSettings, InferenceChoice, OpenAiSettings
from pharia_kernel.config.limits import LimitSettings
from pharia_kernel.config.loading import load_settings
from pharia_kernel.config.namespaces import NamespaceSettings
from pharia_kernel.config.settings import Settings
from pharia_kernel.config.texts import ChunkingSettings, LanguageSettings

__all__ = [
    "BackendSettings",
    "ChunkingSettings",
    "EmbeddedModelSettings",
    "InferenceChoice",
    "InferenceSource",
    "LanguageSettings",
    "LimitSettings",
    "NamespaceSettings",
    "OpenAiSettings",
    "Settings",
    "inference_source",
    "load_settings",
    "uses_embedded_model",
]
