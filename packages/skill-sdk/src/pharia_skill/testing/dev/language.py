"""Language selection as the kernel's HTTP interface writes it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import RootModel

from pharia_skill.csi import Language, SelectLanguageRequest

SelectLanguageRequestSerializer = RootModel[Sequence[SelectLanguageRequest]]
SelectLanguageDeserializer = RootModel[list[Language | None]]
