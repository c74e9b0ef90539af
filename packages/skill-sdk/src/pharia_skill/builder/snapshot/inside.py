"""Runs in the component while it is built, under the name :data:`NAME`. The host side only copies this file."""

from __future__ import annotations

import gc
import importlib
import json
import os
import random
import sys
from array import array
from importlib.machinery import ExtensionFileLoader, ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from types import CodeType, ModuleType
from typing import Any, cast

from pharia_skill.bindings import exports

NAME = "_pharia_inside"
"""The component knows this module by it."""
_ANSWER = 9
_NATIVE = ".cpython-312-wasm32-wasi.so"
_NATIVE_FOLDERS = ("/1", "/2")
_BYTES_HEAD = 17
"""Size of an empty ``bytes``."""
_POOLS = 65536


class _Source(SourceFileLoader):
    """Reads source and nothing else: no compiled files, no times."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


class _Finder:
    """Asks for the few files a module can be, and lists no folders: what else lies there leaves no trace."""

    @staticmethod
    def find_spec(fullname: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        last = fullname.rpartition(".")[2]
        namespace = []
        for folder in sys.path if path is None else path:
            base = f"{folder}/{last}"
            if os.path.isfile(f"{base}/__init__.py"):
                file = f"{base}/__init__.py"
                return spec_from_file_location(
                    fullname, file, loader=_Source(fullname, file), submodule_search_locations=[base]
                )
            if os.path.isfile(f"{base}.py"):
                return spec_from_file_location(fullname, f"{base}.py", loader=_Source(fullname, f"{base}.py"))
            if os.path.isdir(base):
                namespace.append(base)
        for folder in _NATIVE_FOLDERS:
            file = f"{folder}/{fullname.replace('.', '/')}{_NATIVE}"
            if os.path.isfile(file):
                return spec_from_file_location(fullname, file, loader=ExtensionFileLoader(fullname, file))
        if not namespace:
            return None
        spec = ModuleSpec(fullname, None, is_package=True)
        spec.submodule_search_locations = namespace
        return spec


def overwrite() -> None:
    """Fill memory that is free with zeros: what the start of Python left there differs from machine to machine."""
    sys.path_importer_cache.clear()
    gc.collect()
    small = [bytes(size - _BYTES_HEAD) for size in range(24, 513, 8) for _ in range(_POOLS // size)]
    large = [bytearray(size) for size in range(512, 65536, 512)]
    del small, large


def prepare(path: list[str], modules: list[str]) -> None:
    """Import what every skill needs; the package ``pharia_skill`` so far has nothing but its bindings."""
    overwrite()
    sys.path[:] = path
    builtin = [finder for finder in sys.meta_path if getattr(finder, "__name__", "") != "PathFinder"]
    sys.meta_path[:] = [*builtin, _Finder]
    for module in modules:
        known = sys.modules.get(module)
        if known is None:
            importlib.import_module(module)
            continue
        spec = _Finder.find_spec(module)
        assert spec is not None
        assert isinstance(spec.loader, _Source)
        known.__spec__, known.__loader__, known.__file__ = spec, spec.loader, spec.origin
        exec(spec.loader.get_code(module), known.__dict__)
    settle()


def adopt(path: list[str], module: str, handler: str, function: str | None) -> None:
    """Make the skill the one this component is."""
    sys.path[:] = path
    if function is not None:
        importlib.import_module("pharia_skill._selected").NAME = function  # type: ignore[attr-defined]
    adopted = getattr(importlib.import_module(module), handler)
    handlers = importlib.import_module("_pharia_placeholder").handlers
    for placeholder in handlers:
        placeholder.__class__ = adopted
        placeholder.__init__()
    handlers.clear()
    settle()


def settle() -> None:
    """Leave no more behind than needed, in a state that later collections do not touch."""
    sys.path_importer_cache.clear()
    random.seed(0)
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def outlive() -> None:
    """Answer with the addresses of all objects there are, 4 bytes each; run when the state is taken already."""
    gc.disable()
    gc.unfreeze()
    known: dict[int, object] = {}
    found: list[Any] = []
    found += gc.get_objects()
    own = {id(known), id(found)}
    while found:
        each = found.pop()
        if id(each) in known or id(each) in own:
            continue
        known[id(each)] = each
        found += gc.get_referents(each)
        if isinstance(each, CodeType):  # the collector does not look into code
            found += [each.co_consts, each.co_names, each.co_filename, each.co_name, each.co_qualname]
    os.write(_ANSWER, array("I", known).tobytes())


class _Anything:
    def __init__(self, *arguments: object) -> None:
        pass


class _Stub(ModuleType):
    """Bindings of the other world: enough for its decorator to look at a function."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything


class _StubFinder:
    @staticmethod
    def find_spec(fullname: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, cast(Any, _StubFinder())) if fullname.startswith("pharia_skill.bindings.") else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Stub(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


def describe(module: str, handler: str) -> None:
    """Answer with the modules that are there, and the description the decorator makes outside of components."""
    loaded = sorted(sys.modules)
    name = getattr(sys.modules.pop(module), handler).__qualname__
    try:
        found = _description(module, name)
    except Exception:  # the skill works without; nothing a description is worth failing for
        found = None
    os.write(_ANSWER, json.dumps({"modules": loaded, "skill": found}).encode())


def _description(module: str, function: str) -> dict[str, Any] | None:
    sys.platform = "linux"
    sys.meta_path.append(cast(Any, _StubFinder))
    exports.__dict__["__getattr__"] = _Stub("exports").__getattr__
    for value in vars(importlib.import_module(module)).values():
        found = getattr(value, "__pharia_skill__", None)
        if found is not None and found.function == function:
            described: dict[str, Any] = found.as_json()
            return described
    return None
