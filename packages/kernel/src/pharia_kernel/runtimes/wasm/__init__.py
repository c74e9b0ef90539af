"""Skills that are WebAssembly components: a generic asyncio host, WASI, and the adapter for the skill worlds."""

from pharia_kernel.runtimes.wasm.host.engine import EngineOptions
from pharia_kernel.runtimes.wasm.runtime import WasmRuntime

__all__ = ["EngineOptions", "WasmRuntime"]
