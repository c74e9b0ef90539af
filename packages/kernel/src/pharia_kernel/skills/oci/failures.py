"""Why a request to a registry was in vain; every text names the host, what was wanted, and the way out."""

from __future__ import annotations


class RequestFailed(Exception):
    """Base; the next host may do better."""

    transient = False
    """Worth another try with the same host."""
    status: int | None = None
    """Of HTTP, where the host gave one."""
    pause: float | None = None
    """Seconds that the host wants to be left alone."""


class Unreachable(RequestFailed):
    """No answer, or one that says the host is in trouble."""

    transient = True


class Damaged(RequestFailed):
    """What came is not what its digest says."""

    transient = True


class Refused(RequestFailed):
    """The host knows what is wanted of it and does not do it."""


class Absent(RequestFailed):
    """There is no such thing."""
