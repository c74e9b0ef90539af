"""From one component to another that has done more already: run, look at the state, write it down as the beginning."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import get_ident

import wasmtime

from pharia_skill.builder import leb128
from pharia_skill.builder.snapshot import inside
from pharia_skill.builder.snapshot.anatomy import Anatomy, anatomy_of
from pharia_skill.builder.snapshot.files import Files
from pharia_skill.builder.snapshot.lasting import lasting
from pharia_skill.builder.snapshot.machine import Machine, OutOfTime, engine
from pharia_skill.builder.snapshot.module import State, instrumented, with_state
from pharia_skill.builder.snapshot.preview1 import Exited, NotAvailable
from pharia_skill.builder.wasm import CORE_MODULE, HEADER_BYTES, sections
from pharia_skill.errors import ComponentizeFailed


class PythonFailed(Exception):
    """The source inside raised; the text is the traceback."""


@dataclass(frozen=True, slots=True)
class Frozen:
    component: bytes
    answer: bytes
    """What the source that ran last wrote to :data:`~pharia_skill.builder.snapshot.preview1.ANSWER`."""


def freeze(
    component: bytes,
    files: Files,
    source: str,
    machine_code: Path,
    *,
    timeout: float,
    afterwards: str = "pass",
    first: bool = False,
    last: bool = False,
) -> Frozen:
    """Run ``source`` in the component's Python and give the component as it is then.

    ``first`` is for a component as ``componentize-py`` wrote it, ``last`` for one that will be
    called: its ``afterwards`` runs when the state is taken already.

    Compiled modules are kept in ``machine_code``; ``timeout`` is in seconds. Raises :class:`PythonFailed` and
    :class:`~pharia_skill.errors.ComponentizeFailed`.
    """
    anatomy = anatomy_of(memoryview(component))
    made = engine()
    machine = Machine(made, anatomy, _compiled(made, anatomy, machine_code), files)
    if first:
        machine.restore_allocators()
    _run(machine, source, timeout)
    if not last:
        return Frozen(_rewritten(component, machine.states()), b"")
    machine.fill_holes()
    states = machine.states()
    _run(machine, f"import {inside.NAME} as it; it.outlive()", timeout)
    objects = machine.wasi.take_answer()
    states = [replace(state, memory=state.memory and lasting(state.memory, objects)) for state in states]
    _run(machine, afterwards, timeout)
    return Frozen(_rewritten(component, states), machine.wasi.take_answer())


def _run(machine: Machine, source: str, timeout: float) -> None:
    try:
        succeeded = machine.run_python(source, timeout)
    except OutOfTime:
        raise ComponentizeFailed(
            f"the module was not imported within {timeout:g} s; does it wait for something, or loop?"
        ) from None
    except Exited as status:
        raise PythonFailed(f"{_printed(machine)}SystemExit: {status} (the module calls sys.exit)") from None
    except NotAvailable as name:
        raise PythonFailed(
            f"{_printed(machine)}RuntimeError: {name} is called while the module is imported; only a running skill can"
        ) from None
    except wasmtime.Trap as trap:
        raise PythonFailed(f"{_printed(machine)}RuntimeError: {str(trap).strip().splitlines()[-1].strip()}") from None
    if not succeeded:
        raise PythonFailed(_printed(machine))


def _printed(machine: Machine) -> str:
    return bytes(machine.wasi.printed).decode(errors="replace")


def _compiled(made: wasmtime.Engine, anatomy: Anatomy, folder: Path) -> list[wasmtime.Module]:
    folder.mkdir(parents=True, exist_ok=True)
    return [_compiled_module(made, module, folder) for module in anatomy.modules]


def _compiled_module(made: wasmtime.Engine, module: memoryview, folder: Path) -> wasmtime.Module:
    file = folder / f"{hashlib.sha256(module).hexdigest()}.cwasm"
    if file.is_file():
        try:
            found = wasmtime.Module.deserialize_file(made, str(file))
            os.utime(file)
            return found
        except wasmtime.WasmtimeError:
            pass
    fresh = wasmtime.Module(made, instrumented(module))
    new = file.with_suffix(f".{os.getpid()}-{get_ident()}")
    new.write_bytes(fresh.serialize())
    new.replace(file)
    return fresh


def _rewritten(component: bytes, states: Sequence[State]) -> bytes:
    parts = [component[:HEADER_BYTES]]
    left = iter(states)
    for number, content, whole in sections(component):
        if number == CORE_MODULE:
            module = with_state(content, next(left))
            parts += [bytes([CORE_MODULE]), leb128.unsigned(len(module)), module]
        else:
            parts.append(bytes(whole))
    return b"".join(parts)
