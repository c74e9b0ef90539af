"""What can go wrong when components are run, in words that know nothing of skills.

HostError
├── NotAComponent       the bytes are something else
├── InvalidComponent    decoding, validating or compiling failed
├── MissingImport       the component wants what nobody provides
├── CannotLower         a value does not fit the type the guest declares
├── GuestTrap           the guest was stopped
│   ├── GuestExit       by its own wish
│   └── CopyLimit       because it handed over too much at once
└── PoolExhausted       no free place for another instance
"""

from __future__ import annotations


class HostError(Exception):
    pass


class NotAComponent(HostError):
    pass


class InvalidComponent(HostError):
    pass


class MissingImport(HostError):
    pass


class CannotLower(HostError):
    pass


class GuestTrap(HostError):
    pass


class GuestExit(GuestTrap):
    pass


class CopyLimit(GuestTrap):
    pass


class PoolExhausted(HostError):
    pass


def from_text(text: str) -> HostError:
    """The error for what wasmtime reports while it instantiates or calls."""
    if "too much data is being copied" in text:
        return CopyLimit("the component handed over more than wasmtime's C API can copy in one call (2,796,202 bytes)")
    if "maximum concurrent" in text:
        return PoolExhausted(text)
    return GuestTrap(reason(text))


def reason(text: str) -> str:
    """The cause at the end of wasmtime's report, without the list of frames."""
    if "Caused by:" not in text:
        return text.strip()
    causes = [line.strip() for line in text.rsplit("Caused by:", 1)[1].splitlines() if line.strip()]
    last = causes[-1] if causes else text.strip()
    return last.removeprefix("wasm trap: ").lstrip("0123456789: ")
