"""What is in the settings without an effect, which is no error and still worth saying."""

from __future__ import annotations

from collections.abc import Mapping

from pharia_kernel.config.feature_set import STABLE, parse_feature_set
from pharia_kernel.config.settings import Settings
from pharia_kernel.config.sources import Entry

_SHAPES = {
    "described": "its config-url says which skills it has",
    "watched": "its skills are what is in its directory",
    "in place": "its skills are written in the configuration",
}


def remarks(settings: Settings, written: Mapping[tuple[str, ...], Entry]) -> list[str]:
    """One line each; ``written`` are the entries by path."""
    found = []
    entry = written.get(("pharia-ai-feature-set",))
    if entry is not None and parse_feature_set(str(entry.value)) is None:
        found.append(f'{entry.key} = "{entry.value}" ({entry.origin}) is no feature set; it counts as {STABLE}')
    for name, namespace in settings.namespaces.items():
        for key in namespace.unused:
            entry = written.get(("namespaces", name, key))
            place = f" ({entry.origin})" if entry is not None else ""
            reason = "registry is used" if key == "path" and namespace.registry else _SHAPES[namespace.shape]
            found.append(f"namespaces.{name}.{key}{place} is not used: {reason}")
    return found
