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


def expected(what: str, value: object) -> CannotLower:
    text = repr(value)
    return CannotLower(f"{what} expected, not {text if len(text) <= 60 else text[:57] + '...'}")


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
        return CopyLimit("the component handed over more than 2,796,202 values of a list or 128 MiB of text at once")
    if "maximum concurrent" in text:
        return PoolExhausted(text)
    if "mmap failed" in text:
        return PoolExhausted(f"this process may have no more address space: {reason(text)}")
    return GuestTrap(reason(text))


def reason(text: str) -> str:
    """The cause at the end of wasmtime's report, without the list of frames."""
    if "Caused by:" not in text:
        return text.strip()
    causes = [line.strip() for line in text.rsplit("Caused by:", 1)[1].splitlines() if line.strip()]
    last = causes[-1] if causes else text.strip()
    return last.removeprefix("wasm trap: ").lstrip("0123456789: ")
