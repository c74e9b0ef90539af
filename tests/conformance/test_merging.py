"""Python and what it is linked with are one module once they are compiled."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future

import pytest

from pharia_kernel.runtimes.wasm.rewriting.component import rewritten
from pharia_kernel.runtimes.wasm.rewriting.layout import layout_of

from .components import SOURCES


@pytest.mark.parametrize("name", [source.name for source in SOURCES])
async def test_a_python_component_is_one_module_and_what_fills_its_host_functions(
    name: str, built: dict[str, Future[bytes]]
) -> None:
    component = await asyncio.wrap_future(built[name])
    fewer = await asyncio.to_thread(next, rewritten(component))
    assert len(layout_of(component).modules) > 8
    assert len(layout_of(fewer).modules) == 2
