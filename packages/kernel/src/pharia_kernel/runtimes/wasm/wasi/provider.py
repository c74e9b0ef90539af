"""WASI 0.2 for guests that get clocks, randomness and a place to print to, and nothing else.

Everything is provided here instead of by wasmtime: its version runs on the thread that polls the guest, so a sleeping
guest would hold the thread and could not be stopped. There are no files, no network, no environment, no arguments; what
would need them answers the proper error. ``wasi:http`` and whatever else is not listed is a missing import.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any, NoReturn

from pharia_kernel.runtimes.wasm.host.errors import GuestExit, HostError
from pharia_kernel.runtimes.wasm.host.execution import Execution
from pharia_kernel.runtimes.wasm.host.functions import HostFunction
from pharia_kernel.runtimes.wasm.host.types import Interface
from pharia_kernel.runtimes.wasm.wasi.clock import CLOCK_FUNCTIONS
from pharia_kernel.runtimes.wasm.wasi.stdio import STDIO_FUNCTIONS

_NAME = re.compile(r"(wasi:[a-z]+/[a-z-]+)@0\.2\.\d+")
_MOST_RANDOM = 1 << 20
_DENIED = HostFunction(lambda execution, *_: ("err", "access-denied"))
_NOTHING = HostFunction(lambda execution, *_: None)
_NONE_AT_ALL = HostFunction(lambda execution, *_: [])


def _random_bytes(_: Execution, count: int) -> bytes:
    if count > _MOST_RANDOM:
        raise HostError(f"{count} random bytes asked for at once; the most is {_MOST_RANDOM}")
    return secrets.token_bytes(count)


_RANDOM_BYTES = HostFunction(_random_bytes)
_RANDOM_NUMBER = HostFunction(lambda _: secrets.randbits(64))


def _exit(_: Execution, outcome: tuple[str, None]) -> NoReturn:
    raise GuestExit(f"the guest ended its process, reporting {'success' if outcome[0] == 'ok' else 'failure'}")


def _exit_with_code(_: Execution, code: int) -> NoReturn:
    raise GuestExit(f"the guest ended its process with status {code}")


_FUNCTIONS: dict[str, dict[str, HostFunction]] = {
    **CLOCK_FUNCTIONS,
    **STDIO_FUNCTIONS,
    "wasi:cli/environment": {
        "get-environment": _NONE_AT_ALL,
        "get-arguments": _NONE_AT_ALL,
        "initial-cwd": _NOTHING,
    },
    "wasi:cli/exit": {"exit": HostFunction(_exit), "exit-with-code": HostFunction(_exit_with_code)},
    "wasi:cli/terminal-input": {},
    "wasi:cli/terminal-output": {},
    "wasi:cli/terminal-stdin": {"get-terminal-stdin": _NOTHING},
    "wasi:cli/terminal-stdout": {"get-terminal-stdout": _NOTHING},
    "wasi:cli/terminal-stderr": {"get-terminal-stderr": _NOTHING},
    "wasi:random/random": {"get-random-bytes": _RANDOM_BYTES, "get-random-u64": _RANDOM_NUMBER},
    "wasi:random/insecure": {
        "get-insecure-random-bytes": _RANDOM_BYTES,
        "get-insecure-random-u64": _RANDOM_NUMBER,
    },
    "wasi:random/insecure-seed": {
        "insecure-seed": HostFunction(lambda _: (secrets.randbits(64), secrets.randbits(64)))
    },
    "wasi:filesystem/preopens": {"get-directories": _NONE_AT_ALL},
    "wasi:filesystem/types": {"filesystem-error-code": _NOTHING},
    "wasi:sockets/network": {"network-error-code": _NOTHING},
    "wasi:sockets/instance-network": {
        "instance-network": HostFunction(lambda execution: execution.resources.add("network"))
    },
    "wasi:sockets/tcp": {},
    "wasi:sockets/tcp-create-socket": {"create-tcp-socket": _DENIED},
    "wasi:sockets/udp": {},
    "wasi:sockets/udp-create-socket": {"create-udp-socket": _DENIED},
    "wasi:sockets/ip-name-lookup": {"resolve-addresses": _DENIED},
}


def _unreachable(name: str) -> HostFunction:
    """For methods of resources that no guest can hold, as there is no way to get the first one."""

    def run(_: Execution, *_arguments: Any) -> NoReturn:
        raise HostError(f"{name} is not provided")

    return HostFunction(run)


def provide_wasi(name: str, interface: Interface) -> Mapping[str, HostFunction] | None:
    """The functions of a WASI 0.2 interface, or None for any other name."""
    match = _NAME.fullmatch(name)
    known = _FUNCTIONS.get(match[1]) if match else None
    if known is None:
        return None
    return {member: known.get(member) or _unreachable(f"{name}#{member}") for member in interface.functions}
