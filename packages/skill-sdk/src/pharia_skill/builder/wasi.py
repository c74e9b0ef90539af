"""The compiled part of pydantic for WebAssembly.

Nobody publishes ``pydantic-core`` for WASI by itself; release 0.19.2 of this distribution carries the wheel.
"""

from __future__ import annotations

from pathlib import Path

from pharia_assets import Asset, AssetError, fetch
from pharia_skill.errors import WasiDependencyMissing

PYDANTIC_CORE = Asset(
    name="pydantic-core-wasi",
    distribution="pharia-skill",
    version="0.19.2",
    wheel_sha256="c54e8b2aedf30cc3f749257c15b436071d330407537c4b07e9dfdfab2eb8b7ad",
    member="wasi_wheels/pydantic_core-2.33.2-cp312-cp312-wasi_0_0_0_wasm32.whl",
    sha256="f404a6a5a00e7ac5b96b0bfbccc445bf3943834218498936d98cd157b4054181",
    unpack=True,
)


def pydantic_core() -> Path:
    """The folder to import ``pydantic_core`` from in a component; fetched once, then kept in the user's cache."""
    try:
        return fetch(PYDANTIC_CORE)
    except AssetError as error:
        raise WasiDependencyMissing(str(error)) from error
