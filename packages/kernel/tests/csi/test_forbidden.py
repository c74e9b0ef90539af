"""Metadata is made without the CSI."""

from __future__ import annotations

import inspect

import pytest

from pharia_kernel.csi.csi import Csi
from pharia_kernel.csi.forbidden import ForbiddenCsi
from pharia_kernel.errors import MetadataUsedCsi

_OPERATIONS = sorted(name for name in vars(Csi) if not name.startswith("_"))


@pytest.mark.parametrize("operation", _OPERATIONS)
async def test_every_operation_is_refused(operation: str) -> None:
    call = getattr(ForbiddenCsi(), operation)
    arguments: list[object] = [[] for _ in inspect.signature(call).parameters]
    with pytest.raises(MetadataUsedCsi, match=operation):
        await call(*arguments)
