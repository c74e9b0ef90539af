"""What the library runs first, before anything of the package can be imported: its text is baked into the library.

It makes the package importable in an interpreter that may know nothing of it and may hold another ``luaskills``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path


def start(baked: Sequence[str]) -> str | None:
    """Import the bridge; ``baked`` are the directories of the packages at build time. None, or why it failed."""
    try:
        trusted = (os.getuid(), os.getgid()) == (os.geteuid(), os.getegid())
        environment = os.environ if trusted else {}
        chosen = [entry for entry in environment.get("LUASKILLS_PACKAGES", "").split(os.pathsep) if entry]
        own = bool(environment.get("LUASKILLS_PYTHON"))
        search = [*chosen, *sys.path, *baked] if own else [*chosen, *baked, *sys.path]
        sys.path.extend(entry for entry in (*chosen, *baked) if entry not in sys.path)
        _import_bridge(next(_packages(search), None), search)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return None


def _packages(search: Sequence[str]) -> Iterator[Path]:
    for entry in search:
        package = Path(entry, "luaskills")
        if (package / "native" / "apart.py").is_file():
            yield package


def _import_bridge(package: Path | None, search: Sequence[str]) -> None:
    if package is None:
        raise ModuleNotFoundError(
            f"no luaskills-sdk with the native library in {os.pathsep.join(search)}; set LUASKILLS_PACKAGES to the "
            "directory that holds the package luaskills"
        )
    try:
        import_module("_cffi_backend")
    except ImportError as error:
        raise ImportError(f"{error}; pip install 'luaskills-sdk[native]' where the package is installed") from None
    spec = spec_from_file_location("_luaskills_native_apart", package / "native" / "apart.py")
    assert spec is not None
    assert spec.loader is not None
    apart = module_from_spec(spec)
    spec.loader.exec_module(apart)
    apart.install(package)
    import_module("_luaskills_native.native.bridge")
