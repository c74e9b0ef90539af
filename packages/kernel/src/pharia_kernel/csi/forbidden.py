"""The CSI of a skill that is only asked for its metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from pharia_kernel.errors import MetadataUsedCsi

if TYPE_CHECKING:
    from pharia_kernel.csi.csi import Csi


class _Forbidden:
    def __getattr__(self, operation: str) -> Any:
        def refuse(*_arguments: object) -> NoReturn:
            raise MetadataUsedCsi(
                "The metadata function of the invoked skill is bugged. It is forbidden to invoke any CSI functions "
                f"from the metadata function, yet the skill does precisely this (it called {operation})."
            )

        return refuse


def forbidden_csi() -> Csi:
    """Every use raises :class:`MetadataUsedCsi`."""
    return _Forbidden()  # type: ignore[return-value]  # has every operation, none of which returns
