"""Errors made of what a kernel answered, or of its silence."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

import requests
import urllib3

from pharia_skill.errors import (
    KernelBusy,
    KernelError,
    KernelFailed,
    KernelForbidden,
    KernelRefused,
    KernelTimeout,
    KernelUnauthenticated,
    KernelUnreachable,
)
from pharia_skill.testing.dev.bearer import Bearer
from pharia_skill.testing.dev.environment import KERNEL_ADDRESS, TOKEN

_QUOTED = 2000
"""Characters of an answer that an error repeats: gateways answer with whole pages."""
_CONNECTION = re.compile(r"^(<[^>]*>|HTTPS?Connection\w*\([^)]*\)): ")

_BY_STATUS: dict[int, type[KernelError]] = {
    401: KernelUnauthenticated,
    403: KernelForbidden,
    429: KernelBusy,
    503: KernelBusy,
}
_WAY_OUT = {
    401: f"Unauthenticated: Please set the `{TOKEN}` environment variable.",
    403: f"Unauthorized: Please check the `{TOKEN}` environment variable.",
    404: f"Check that `{KERNEL_ADDRESS}` is the address of a kernel, and what the request names.",
    429: "The kernel is busy or a quota is used up: try again later.",
    503: "The kernel is busy or not ready: try again later.",
}


class NoConnection(KernelUnreachable, requests.exceptions.ConnectionError):
    """Handlers written for the released SDK catch the exception of requests."""


def refusal(function: str, address: str, response: requests.Response, bearer: Bearer) -> KernelError:
    """The error for an answer with a status of 300 or more."""
    status = response.status_code
    kind = _BY_STATUS.get(status, KernelFailed if status >= 500 else KernelRefused)
    lines = [
        f"The kernel did not answer the CSI call `{function}`.",
        _redirect(response) if status < 400 else _WAY_OUT.get(status, ""),
        f"{KERNEL_ADDRESS}: {address}",
        f"Status Code: {status} {_phrase(status)}",
        f"Original Error: {bearer.hide_in(str(_said(response)))[:_QUOTED]}",
    ]
    return kind("\n".join(line for line in lines if line), status)


def _said(response: requests.Response) -> Any:
    try:
        return response.json()
    except requests.JSONDecodeError:
        return response.text


def _redirect(response: requests.Response) -> str:
    return f"It is somewhere else: set `{KERNEL_ADDRESS}` to the start of {response.headers.get('Location')}."


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""


def silence(function: str, address: str, error: Exception, timeout: float) -> KernelError:
    """The error for a request that had no answer. ``timeout`` is seconds."""
    if isinstance(error, requests.exceptions.InvalidJSONError):
        return KernelError(f"the request `{function}` can not be written as JSON: {error}")
    if _is_read_timeout(error):
        return KernelTimeout(
            f"the kernel sent nothing in answer to `{function}` for {timeout:g} s (give DevCsi a longer timeout)"
        )
    hint = (
        "set REQUESTS_CA_BUNDLE to the file with the certificates of your organisation"
        if isinstance(error, requests.exceptions.SSLError)
        else f"check `{KERNEL_ADDRESS}`, the network, and HTTPS_PROXY"
    )
    return NoConnection(f"no connection to the kernel at {address}: {_reason(error)} ({hint})")


def broken_stream(function: str, error: Exception) -> KernelError:
    """The error for a stream that has no end."""
    if _is_read_timeout(error):
        return KernelTimeout(f"the kernel fell silent in the midst of `{function}` (give DevCsi a longer timeout)")
    return NoConnection(f"the stream of `{function}` broke off: {_reason(error)} (try again)")


def was_never_sent(error: requests.exceptions.RequestException) -> bool:
    """A request that may have arrived is not repeated: it may have called a tool."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    inner = error.args[0] if error.args else None
    return isinstance(getattr(inner, "reason", None), urllib3.exceptions.NewConnectionError)


def _is_read_timeout(error: Exception) -> bool:
    """requests has several wrappers for it, depending on how much of the answer there was."""
    inner = error.args[0] if error.args else None
    kinds = (requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError)
    return isinstance(error, kinds) or isinstance(inner, kinds)


def _reason(error: Exception) -> str:
    """Without the layers of wrapping and the addresses of objects in memory."""
    inner: Any = error.args[0] if error.args else error
    inner = getattr(inner, "reason", None) or inner
    return _CONNECTION.sub("", str(inner))
