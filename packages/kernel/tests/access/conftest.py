from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from doubles.identity_service import IdentityService, identity_service


@pytest.fixture
async def service() -> AsyncIterator[IdentityService]:
    async with identity_service() as running:
        yield running
