"""A kernel without models."""

from __future__ import annotations

import pytest

from pharia_kernel.csi.inference.absent import AbsentBackend
from pharia_kernel.csi.types import ChatRequest, CompleteRequest, ExplainRequest
from pharia_kernel.errors import NotConfigured
from pharia_kernel.types import Caller

_CALLER = Caller()
_WAY_OUT = "OPENAI_INFERENCE__URL"


async def test_every_request_names_the_way_out() -> None:
    async with AbsentBackend() as backend:
        with pytest.raises(NotConfigured, match=_WAY_OUT):
            await backend.chat(ChatRequest("m", ()), _CALLER)
        with pytest.raises(NotConfigured, match=_WAY_OUT):
            await backend.complete(CompleteRequest("m", ""), _CALLER)
        with pytest.raises(NotConfigured, match=_WAY_OUT):
            backend.chat_stream(ChatRequest("m", ()), _CALLER)
        with pytest.raises(NotConfigured, match=_WAY_OUT):
            backend.complete_stream(CompleteRequest("m", ""), _CALLER)
        with pytest.raises(NotConfigured, match=_WAY_OUT):
            await backend.explain(ExplainRequest("a", "b", "m"), _CALLER)
