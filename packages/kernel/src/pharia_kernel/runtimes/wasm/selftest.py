"""One tiny component with a host call, run at start: better a clear refusal than crashes under load.

Host functions run on wasmtime's own stacks. An interpreter that guards its stack may not allow that.
"""

from __future__ import annotations

import wasmtime

from pharia_kernel.errors import HostFault
from pharia_kernel.runtimes.wasm.host.functions import HostFunction, Wait
from pharia_kernel.runtimes.wasm.host.host import ComponentHost

_COMPONENT = """
(component
  (import "test:host/calls" (instance $host (export "double" (func (param "n" u32) (result u32)))))
  (core func $double (canon lower (func $host "double")))
  (core module $m
    (import "host" "double" (func $double (param i32) (result i32)))
    (func (export "run") (param i32) (result i32) (call $double (local.get 0))))
  (core instance $i (instantiate $m (with "host" (instance (export "double" (func $double))))))
  (func (export "run") (param "n" u32) (result u32) (canon lift (core func $i "run"))))
"""
_NUMBER = 21


async def _double(number: int) -> int:
    return 2 * number


async def check_host(host: ComponentHost) -> None:
    """Raises :class:`HostFault` when components with host calls do not run here."""
    functions = {"double": HostFunction(lambda _, number: Wait(lambda: _double(number)), waits=True)}
    component = host.load(bytes(wasmtime.wat2wasm(_COMPONENT)), lambda name, interface: functions)
    execution = host.execution(component, component.function(None, "run"), None, memory_bytes=1 << 20)
    answer = await execution.run([_NUMBER])
    if answer != 2 * _NUMBER:
        raise HostFault(f"the sandbox does not work on this machine: {2 * _NUMBER} expected, {answer} computed")
