"""Builds the library: C files of this folder, the table of functions, cffi's part, and the place of this Python."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path

from luaskills.ffi.json_engine import SETTERS, WITH_INPUT, WITHOUT_INPUT
from luaskills.native.compiler import BuildFailed, compile_library, target
from luaskills.native.later import LATER

_FOLDER = Path(__file__).parent
_NEEDED = ("luaskills", "_cffi_backend", "lupa", "yaml", "jsonschema_rs")
_DECLARATIONS = """
typedef struct { uint8_t *ptr; size_t len; } FfiOwnedBuffer;
typedef ... *FfiJsonCallback;

extern "Python+C" int32_t luaskills_native_call(
    const char *function, const uint8_t *request, size_t len, FfiOwnedBuffer *response);
extern "Python+C" int32_t luaskills_native_register(
    const char *function, FfiJsonCallback callback, void *user_data, FfiOwnedBuffer *error);

int32_t luaskills_native_give(FfiOwnedBuffer *out, const uint8_t *value, size_t len);
void luaskills_native_take_back(FfiOwnedBuffer *buffer);
int32_t luaskills_native_ask_host(
    FfiJsonCallback callback, const uint8_t *request, size_t len, void *user_data, FfiOwnedBuffer *response,
    FfiOwnedBuffer *error);
"""
_INIT_CODE = """
import sys
from _luaskills_native_abi import ffi, lib
sys.modules["_luaskills_native.native.bridge"].attach(ffi, lib)
"""


def build(output: Path) -> Path:
    """Build ``libluaskills`` and its header ``luaskills.h`` into a directory, made when it is missing.

    Gives the path of the library; one that is there is replaced in one step. Raises BuildFailed.
    """
    name = f"libluaskills{target().suffix}"
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=output) as stage_name:
        stage = Path(stage_name)
        (stage / "luaskills.h").write_text(header())
        (stage / "inside.h").write_text((_FOLDER / "c" / "inside.h").read_text())
        (stage / "baked.h").write_text(_baked())
        (stage / "functions.c").write_text(_functions())
        for source in ("library.c", "interpreter.c"):
            (stage / source).write_text((_FOLDER / "c" / source).read_text())
        _emit_bridge(stage / "bridge.c")
        sources = [stage / f"{source}.c" for source in ("library", "interpreter", "functions", "bridge")]
        compile_library(sources, stage / name)
        os.replace(stage / "luaskills.h", output / "luaskills.h")
        os.replace(stage / name, output / name)
    return output / name


def header() -> str:
    """The C header of the library."""
    owned, api = "FfiOwnedBuffer", "LUASKILLS_API"
    setters = [
        f"{api} int32_t {name}(\n    FfiJsonCallback callback, void *user_data, {owned} *error_out);"
        for name in SETTERS
    ]
    functions = [f"{api} {owned} {name}(void);" for name in WITHOUT_INPUT]
    functions += [f"{api} {owned} {name}(FfiBorrowedBuffer request);" for name in WITH_INPUT]
    functions += ["\n/* Called by later SDKs; they answer that this engine does not have them. */"]
    functions += [f"{api} {owned} {name}(FfiBorrowedBuffer request);" for name in LATER]
    template = (_FOLDER / "c" / "luaskills.h.in").read_text()
    return template.replace("@SETTERS@", "\n".join(setters)).replace("@FUNCTIONS@", "\n".join(functions))


def _functions() -> str:
    lines = ['#include "inside.h"']
    lines += [f"LUASKILLS_FUNCTION_WITHOUT_INPUT({name})" for name in WITHOUT_INPUT]
    lines += [f"LUASKILLS_FUNCTION({name})" for name in (*WITH_INPUT, *LATER)]
    lines += [f"LUASKILLS_SETTER({name})" for name in SETTERS]
    return "\n".join(lines) + "\n"


def _baked() -> str:
    """This Python, and the code that finds the package from it."""
    start = (_FOLDER / "start.py").read_text() + f"\n\nfailure = start({_package_directories()!r})\n"
    lines = [f"#define LUASKILLS_BAKED_PYTHON {json.dumps(sys.executable)}"]
    lines.append("#define LUASKILLS_BAKED_START \\\n    " + " \\\n    ".join(map(_c_text, start.splitlines(True))))
    return "\n".join(lines) + "\n"


def _c_text(text: str) -> str:
    """A C string literal; every byte beyond ASCII is an octal number."""
    letters = (
        chr(byte) if 0x20 <= byte < 0x7F and chr(byte) not in '"\\?' else f"\\{byte:03o}" for byte in text.encode()
    )
    return f'"{"".join(letters)}"'


def _package_directories() -> list[str]:
    """Where what the engine imports was found, without doubles."""
    found = []
    for name in _NEEDED:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            package = "cffi" if name == "_cffi_backend" else name
            raise BuildFailed(f"{package} is not installed: pip install 'luaskills-sdk[native]'")
        inside = Path(spec.origin).parent
        found.append(str((inside.parent if spec.submodule_search_locations else inside).resolve()))
    return list(dict.fromkeys(found))


def _emit_bridge(path: Path) -> None:
    try:
        from cffi import FFI  # type: ignore[import-untyped]  # only building needs it; it has no annotations
    except ImportError:
        raise BuildFailed("cffi is not installed: pip install 'luaskills-sdk[native]'") from None
    builder = FFI()
    builder.cdef(_DECLARATIONS)
    builder.embedding_api("")
    builder.set_source("_luaskills_native_abi", '#include "inside.h"', compiler_verbose=0)
    builder.embedding_init_code(_INIT_CODE)
    builder.emit_c_code(str(path))
