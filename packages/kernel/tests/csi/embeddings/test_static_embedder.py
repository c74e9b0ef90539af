"""The embedded model, with its weights from an installed package."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import numpy as np
import pytest

from pharia_kernel.csi.embeddings import static
from pharia_kernel.csi.embeddings.static import DIMENSION, StaticEmbedder
from pharia_kernel.errors import InvalidCsiRequest, NotConfigured

_WITHOUT_NETWORK = """
import asyncio, os, socket, sys

def refused(*args, **kwargs):
    print("network was used", file=sys.stderr)
    os._exit(9)

for name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, name, refused)
socket.create_connection = socket.getaddrinfo = refused

from pharia_kernel.csi.embeddings.static import StaticEmbedder

async def main():
    async with StaticEmbedder() as embedder:
        print((await embedder.embed(["a text"])).shape)

asyncio.run(main())
"""


async def test_similar_texts_are_near_to_each_other() -> None:
    async with StaticEmbedder() as embedder:
        query, login, sea = await embedder.embed(["I forgot my password", "reset the login secret", "boats on the sea"])
    assert query @ login > query @ sea


async def test_vectors_have_length_one_in_the_order_of_their_texts() -> None:
    texts = [f"text number {number}" for number in range(600)]
    async with StaticEmbedder() as embedder:
        together = await embedder.embed(texts)
        alone = await embedder.embed([texts[599]])
    assert together.shape == (600, DIMENSION)
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(600), abs=1e-5)
    assert together[599] == pytest.approx(alone[0], abs=1e-6)


async def test_a_text_without_sign_has_no_direction() -> None:
    async with StaticEmbedder() as embedder:
        assert not (await embedder.embed([""])).any()
        assert (await embedder.embed([])).shape == (0, DIMENSION)


async def test_texts_of_every_language_have_a_direction() -> None:
    async with StaticEmbedder() as embedder:
        assert (await embedder.embed(["größer", "漁師", "🐟", "\0"])).any(axis=1).all()


async def test_half_of_a_surrogate_pair_is_refused() -> None:
    async with StaticEmbedder() as embedder:
        with pytest.raises(InvalidCsiRequest, match="surrogate"):
            await embedder.embed(["\ud800"])


async def test_the_model_is_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loads = 0

    class Counted(static.StaticModel):
        def __init__(self, folder: object) -> None:
            nonlocal loads
            loads += 1
            super().__init__(folder)  # type: ignore[arg-type]

    monkeypatch.setattr(static, "StaticModel", Counted)
    async with StaticEmbedder() as embedder:
        await asyncio.gather(*(embedder.embed(["text"]) for _ in range(5)))
    assert loads == 1


async def test_without_the_package_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(static, "find_spec", lambda name: None)
    async with StaticEmbedder() as embedder:
        with pytest.raises(NotConfigured, match=r"pharia-kernel\[documents\]"):
            await embedder.embed(["text"])


def test_no_network_is_used() -> None:
    done = subprocess.run([sys.executable, "-c", _WITHOUT_NETWORK], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"(1, {DIMENSION})\n", "")
