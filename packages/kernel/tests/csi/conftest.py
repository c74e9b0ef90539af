from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from doubles.endpoint import Endpoint, open_endpoint


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with open_endpoint() as endpoint:
        yield endpoint
