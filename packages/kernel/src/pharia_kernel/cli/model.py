"""Fetching the embedded model ahead of time."""

from __future__ import annotations

from rich.console import Console

from pharia_assets import AssetError, cached, fetch
from pharia_kernel.config import Settings, uses_embedded_model
from pharia_kernel.csi.inference.embedded import SMOLLM2, SMOLLM2_NAME
from pharia_kernel.errors import AssetMissing


def fetch_model(settings: Settings, console: Console) -> None:
    """Put the model on this machine, showing progress; nothing to do where the settings want another backend.

    Raises :class:`AssetMissing` if it can not be fetched.
    """
    if not uses_embedded_model(settings) or settings.embedded_model.file is not None:
        console.print("The settings do not use the embedded model: nothing to fetch.")
        return
    if (path := cached(SMOLLM2)) is None:
        console.print(f"Fetching {SMOLLM2_NAME} (93 MB), once")
        try:
            path = fetch(SMOLLM2, console=console)
        except AssetError as error:
            raise AssetMissing(f"the embedded model can not be fetched: {error}") from error
    console.print(f"{SMOLLM2_NAME} is at {path}", soft_wrap=True)
