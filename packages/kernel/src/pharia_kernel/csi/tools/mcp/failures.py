"""What can go wrong between the kernel and a server. The texts are for skills, and hold no secrets."""

from __future__ import annotations

from collections.abc import Iterable


class ServerFailed(Exception):
    """One request was not answered as it should have been."""


class ConnectionLost(ServerFailed):
    """The connection broke, or could not be made."""


class SessionEnded(ConnectionLost):
    """The server refused the request, without looking at it, because it does not know the session any more."""


def reason(error: BaseException) -> BaseException:
    """What was raised first, from within the groups that task groups make."""
    while isinstance(error, BaseExceptionGroup):
        own = [inner for inner in error.exceptions if isinstance(reason(inner), ServerFailed)]
        error = (own or error.exceptions)[0]
    return error


def without(secrets: Iterable[str], text: str) -> str:
    """The text, in case a server repeats what it was given."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return text
